"""Bytes in a log file -> events.

watch.py     wakes: inotify where there is one, a rescan every second as the truth
roster.py    which files are followed, from where, and until when
scan.py      which files there are, and which of them is which
tail.py      one file: reads on, notices truncation, keeps its place
content.py   what a file is by its content
lines.py     bytes -> lines, whatever their length
formats/     a line -> records and text
assemble.py  records and text -> events; gathers a panic's lines
"""
