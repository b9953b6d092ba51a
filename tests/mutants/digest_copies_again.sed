# lib/redundancy/link_digest.c
# program runner link_digest
# One copy follows the other, as long as something differs.
s/digests->copied ? digests->copied + COPIES_US : now/now/
