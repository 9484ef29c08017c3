"""Why SES refused a send: read from any error text, and explained with the steps that mend it. Pure."""
