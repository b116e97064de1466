"""One class per remote or program. Each knows its API and what its failures mean; none knows an incident."""
