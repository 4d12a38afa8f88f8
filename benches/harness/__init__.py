"""The benchmark's own code: subjects in processes of their own, interleaved rounds, figures, and the report."""
