"""Several cameras and one model: a narrator for each camera, all of them fed in turn.

    posts.py    which cameras, their names, and how each is told: from flags or from cameras.toml
    loop.py     who is looked at next, and how many descriptions are under way (whose turn it is: app/turns.py)
    naming.py   whose sentence it is;  orders.py: what people ask, for all of them
    outages.py  one model that cannot be asked, told of once;  abreast.py: several threads, one line of happenings
    asked.py    `ask` of several cameras

It opens no camera, and knows no model.
"""
