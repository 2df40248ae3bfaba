# What tests/deploy checks deploy/ with, in .engines/; included by the Makefile after engines.mk.
DEPLOY_TESTS = tests/deploy
DEPLOY_ENGINES = $(ENGINES)/.deploy-venv $(ENGINES)/.airflow-venv $(ENGINES)/.flink-operator $(ENGINES)/.boot-$(PRISM)

engines: $(DEPLOY_ENGINES)

# Parsers of container files and of Kubernetes' manifests.
$(ENGINES)/.deploy-venv: $(DEPLOY_TESTS)/tools.txt | $(ENGINES)/.tools
	@echo 'engines: readers of container files and manifests'
	@rm -rf $(ENGINES)/deploy-venv && $(BIN)/python -m venv $(ENGINES)/deploy-venv
	@$(ENGINES)/deploy-venv/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# Airflow, with a database of its own that each run of the tests makes.
$(ENGINES)/.airflow-venv: $(DEPLOY_TESTS)/airflow.txt | $(ENGINES)/.tools
	@echo 'engines: Airflow, about a minute'
	@rm -rf $(ENGINES)/airflow-venv && $(BIN)/python -m venv $(ENGINES)/airflow-venv
	@$(ENGINES)/airflow-venv/bin/pip install --quiet --disable-pip-version-check -r $<
	@touch $@

# The definitions of Flink's custom resources, out of the operator's jar.
$(ENGINES)/.flink-operator: $(DEPLOY_TESTS)/flink-operator/pom.xml | $(ENGINES)/.tools
	@echo "engines: the Flink operator's definitions"
	@rm -rf $(ENGINES)/flink-operator && mkdir -p $(ENGINES)/flink-operator
	@mvn --batch-mode --quiet -Dstyle.color=never --file $< dependency:unpack-dependencies -Dmdep.unpack.includes='META-INF/fabric8/*.yml' -DoutputDirectory=$(ENGINES)/flink-operator
	@touch $@

# Beam's boot, which the worker's container starts: the same source as in Beam's own image.
$(ENGINES)/.boot-$(PRISM): | $(ENGINES)/.tools
	@echo "engines: Beam's boot $(PRISM)"
	@$(GO_INSTALL) github.com/apache/beam/sdks/v2/python/container@$(PRISM)
	@mv $(ENGINES)/bin/container $(ENGINES)/bin/boot
	@touch $@
