# `make engines`: what tests/engines runs, in .engines/. A stamp of its own for each, so that what stands is left alone.
ENGINES = $(CURDIR)/.engines
FETCH = tests/engines/fetch
FLINK = 1.19.3
PRISM = v2.77.0
VERSITYGW = v1.8.0
GCS = v1.56.1
GO_INSTALL = PATH="$(ENGINES)/go/go/bin:$$PATH" GOBIN=$(ENGINES)/bin go install

engines: $(READY) $(ENGINES)/.tools $(ENGINES)/.flink-$(FLINK) $(ENGINES)/.flink-job-server $(ENGINES)/.spark
engines: $(ENGINES)/.prism-$(PRISM) $(ENGINES)/.versitygw-$(VERSITYGW) $(ENGINES)/.gcs-$(GCS)

$(ENGINES)/.tools: $(FETCH)/tools.sh | $(READY)
	@mkdir -p $(ENGINES)
	@$(FETCH)/tools.sh $(ENGINES) $(BIN)/pip
	@touch $@

# Flink's own jars and log4j, as PyFlink's source archive carries them.
$(ENGINES)/.flink-$(FLINK): | $(ENGINES)/.tools
	@echo 'engines: Flink $(FLINK)'
	@rm -rf $(ENGINES)/flink $(ENGINES)/download && mkdir -p $(ENGINES)/flink
	@$(BIN)/pip download --quiet --disable-pip-version-check --no-deps --no-binary :all: --dest $(ENGINES)/download apache-flink-libraries==$(FLINK)
	@tar -xzf $(ENGINES)/download/apache-flink-libraries-$(FLINK).tar.gz -C $(ENGINES)/flink --strip-components=2 apache-flink-libraries-$(FLINK)/deps/lib
	@rm -rf $(ENGINES)/download
	@touch $@

# Folders of jars, each from the pom of its name: Beam's job server for Flink; Spark with Beam's job server for it.
$(ENGINES)/.%: $(FETCH)/%/pom.xml | $(ENGINES)/.tools
	@echo 'engines: $*'
	@rm -rf $(ENGINES)/$* $(ENGINES)/$*.jar
	@mvn --batch-mode --quiet -Dstyle.color=never --file $< dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory=$(ENGINES)/$*
	@touch $@

$(ENGINES)/.prism-$(PRISM): | $(ENGINES)/.tools
	@echo 'engines: prism $(PRISM), about a minute'
	@$(GO_INSTALL) github.com/apache/beam/sdks/v2/go/cmd/prism@$(PRISM)
	@touch $@

# An emulator of Google's store.
$(ENGINES)/.gcs-$(GCS): | $(ENGINES)/.tools
	@echo 'engines: fake-gcs-server $(GCS)'
	@$(GO_INSTALL) github.com/fsouza/fake-gcs-server@$(GCS)
	@touch $@

# An S3 server.
$(ENGINES)/.versitygw-$(VERSITYGW): | $(ENGINES)/.tools
	@echo 'engines: versitygw $(VERSITYGW)'
	@$(GO_INSTALL) github.com/versity/versitygw/cmd/versitygw@$(VERSITYGW)
	@touch $@
