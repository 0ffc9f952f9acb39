"""The conditions of people's first hour, and commands in processes of their own."""
