"""How assets are made: workers started and waited for, what they report, what people see of it."""
