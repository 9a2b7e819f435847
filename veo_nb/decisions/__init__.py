"""Which one is better, and how sure that is: clips compared two at a time, and what follows from the votes.

`ballots` says what a vote is once the clips are forgotten: one value against another. `comparison` puts clips before
voters and keeps what they say; which pair is next and what the votes come to are functions of ballots alone.
Nothing here shows anything: a studio is given `Views` for that.
"""
