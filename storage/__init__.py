"""Files of a disk and objects of a store by one interface; see docs/stores.md."""
