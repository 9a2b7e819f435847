"""The mathematics of votes, in numpy alone: strengths that explain them, how sure those are, and what they do not explain."""
