"""Values and rules: what an event, an incident, a job and a severity are, and what leads to what.

Nothing here does I/O, reads a clock or knows a library's wire format; everything takes its time as an argument.
"""
