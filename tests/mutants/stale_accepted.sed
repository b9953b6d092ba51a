# lib/node/takeover.c
# world roles
# A copy that is cut off stays as good as it was.
s/^        return node->engine.now - node->unheard_since <= fresh_us ? L2TPHA_TRUST_UNCERTAIN$/        return fresh_us + 1 ? L2TPHA_TRUST_UNCERTAIN/
