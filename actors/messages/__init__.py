"""What the actors say to each other, a file a recipient; asks go down, facts are told.

http, gateway -> chain -> policies, pool -> oracle, lanes, relay: nobody asks upwards.
"""
