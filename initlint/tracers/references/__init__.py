"""What is reached in a project: init functions that nothing calls, parameters that nothing writes.

The tracer sees what one entry point does. Whether nothing at all does a thing is a question to all files of the
project, which is answered from their names, without running anything: a name that is mentioned in any way that may
count is taken to be used.
"""
