"""The pure core: facts, checks, findings, their life, and the verdict. Imports neither boto3 nor dns."""
