// The points of the transforms: 0 for three taps, some pairs a and -a, and infinity, in the order
// a, -a, b, -b, ..., 0, infinity. Products are sums of even and of odd powers, so a pair costs
// little more than a single point. The points are those of the least error among multiples of 1/8
// that were tried on random data; 1/2, 1 and 2 or 0, 1 and 2, the usual choice, lose twice as much.
#ifndef WINOGRAD_POINTS_H
#define WINOGRAD_POINTS_H

enum { MOST_PAIRS = 3 };

static const double points_of_three_taps[] = {0.75, 1.5};
static const double points_of_four_taps[] = {0.5, 1, 1.5};

#endif
