"""What has happened: past-tense facts, the only things that change the books."""
