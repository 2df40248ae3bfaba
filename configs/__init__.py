"""What a job may be told: one YAML file per job, and the schema that it must fit."""
