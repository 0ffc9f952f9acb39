"""The terms that every table, card, labels file, export and page carries."""

TERMS = "Non-commercial research only. Labels: CC-BY-NC-4.0 (NitroGen). Footage belongs to its creators."
