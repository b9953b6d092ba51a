# lib/base/patience.h
# world roles
# seed 274
# Whoever is late ever again is excused ever again.
s/^#define PATIENCE_ABSENCES 8 /#define PATIENCE_ABSENCES 1000000000 /
