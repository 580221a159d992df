"""What `trygg gateway doctor` looks at: one file for each idea, each giving findings."""
