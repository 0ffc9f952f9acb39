"""The takedown ledger: its entries, the keys that sign them, and the blocklist of the names in it."""
