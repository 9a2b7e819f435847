"""Which one is better, and how sure that is: clips compared two at a time, and what follows from the votes.

`ballots` says what a vote is once the clips are forgotten: one value against another. `comparison` puts clips before
voters and keeps what they say; which pair is next, what the votes come to and how far a judge agrees are functions of ballots
alone. `judges` are programs that vote, `experiments` the sweeps that ask something, with what is known so far.
Nothing here shows anything: a studio is given `Views` for that.
"""
