"""The outbox: what is told to the world, and how it gets there.

::

    endpoints   webhooks: where to, what about, their secrets
    routing     messages are shared out to whoever gets them
    delivering  one delivery: leased, tried outside any transaction, settled
    settling    what could not be delivered: a person looks, sends it again or gives it up
"""
