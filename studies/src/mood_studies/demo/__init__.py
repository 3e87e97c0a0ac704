"""The whole main job on one machine, and two checks of what it published."""
