"""The state: the only place that knows SQL. Everything takes an open connection and the time as arguments."""
