"""The panel: its widget, what it shows, and what it does when somebody clicks."""
