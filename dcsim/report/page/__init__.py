"""One page that can be mailed to a board: the answer, its pictures, what it rests on, and how to get it again.

The page is a single HTML file. It opens from disk, asks the network for nothing, and runs no script but its own.
"""
