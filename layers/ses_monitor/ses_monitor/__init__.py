"""ses-monitor: can Amazon SES deliver a stranger's mail right now, and if not, what exact step fixes it?"""
