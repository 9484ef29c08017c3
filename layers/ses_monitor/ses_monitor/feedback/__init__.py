"""What SES tells of mail after it took it: read from any envelope, weighed, and explained."""
