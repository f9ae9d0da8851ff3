"""The model of a network that both tracers build and all rules read.

`model` has the types (`ModelGraph`, `Layer`, `Write`, `FlowNode`); `dataflow`, `consumers`, `operations` and
`zero_stalls` answer questions about the data flow.
"""
