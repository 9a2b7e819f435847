"""One prompt through all combinations of some axes: from the values to the plan, the jobs and the results."""
