"""One prompt through all combinations of some axes: from the values to the plan, the jobs and the results.

`axes` (with `ellipsis`) reads values, `combinations` pairs and orders them, `plan` checks each as a request, `forecast`
says what that would cost and whether it may be sent; `sweeps` starts a plan and finds it again, `sweep` is what a person
has of it, a `cell` each; `summary`, `results` and `dataframe` say what came of it.

All but `sweeps` and `sweep` are functions of values. Nothing here shows anything: a studio is given `Views` for that.
"""
