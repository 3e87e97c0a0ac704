"""What several methods share: backbones and schedules, terms of losses, scores and changes of slices."""
