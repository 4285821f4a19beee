/*
 * The inner loops of the executor: which pairs to compare, at which level two records
 * agree, and who is joined with whom. Plain C without dependencies; it allocates only
 * for very long strings, keeps no state, and is safe to call from several threads.
 *
 * A record is a row of 32-bit numbers: codes of a dictionary, or small whole numbers;
 * MISSING stands for null. A comparison is a program of steps; each says where to go
 * where it is true and where it is not. A negative place is an answer: -1 - level.
 * Conditions follow SQL: only what is surely true counts, whether asked plainly or
 * negated.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <math.h>

#define MISSING INT32_MIN
#define SHORT 64    /* strings up to this many bytes need no memory of their own */
#define MOST_EDITS 15

typedef struct {
    int64_t start;
    int32_t length;
    int32_t unused;
    uint64_t letters; /* one bit for each byte value modulo 64 */
} Text;

typedef struct {
    const Text *texts;         /* code -> string */
    const uint8_t *bytes;
    const int64_t *starts;     /* code -> first member of a list; one more at the end */
    const int32_t *members;    /* sorted codes without repeats */
    const double *numbers;     /* code -> number */
} Dictionary;

typedef struct {
    int32_t op;
    int32_t left, right;  /* places in the rows of the two records */
    int32_t dictionary, other;
    int32_t yes, no;
    int32_t flags;
    double limit;
} Step;

/* One part of a sum, in postfix order. */
typedef struct {
    int32_t part;
    int32_t left, right;
    int32_t dictionary, other;
    int32_t unused;
    double value;
} Part;

typedef struct {
    int32_t place;       /* where the term's code is in a row; -1: no adjustment */
    int32_t unused;
    const double *rarity; /* code -> log2 of its share */
    double base, weight, least;
} Term;

typedef struct {
    const int32_t *rows;
    int64_t width;
    const Dictionary *dictionaries;
    const Step *steps;
    const Part *parts;
    const int32_t *starts;   /* first step of each comparison */
    int64_t comparisons;
    int64_t levels;          /* most levels of a comparison */
    const double *weights;   /* [comparison][level] */
    const Term *terms;       /* [comparison][level] */
    double prior;
} Plan;

enum Op {
    SAME, DIFFERENT, IS_MISSING_LEFT, IS_MISSING_RIGHT, IS_PRESENT_LEFT, IS_PRESENT_RIGHT,
    TRUE_LEFT, TRUE_RIGHT, FALSE_LEFT, FALSE_RIGHT,
    JARO_WINKLER, JARO, JACCARD, LEVENSHTEIN, DAMERAU, HAMMING,
    GAP_WHOLE, LISTS_MEET, LIST_HOLDS_LEFT, LIST_HOLDS_RIGHT, SUM
};

enum Part { CONSTANT, LEFT_WHOLE, RIGHT_WHOLE, LEFT_NUMBER, RIGHT_NUMBER, SHARED,
            PLUS, MINUS, TIMES, OVER, SIZE_OF, GREATEST, LEAST };

enum Flag { STRICT = 1, BELOW = 2, NEGATED = 4, FUSED = 8 };

/* ------------------------------------------------------------------ strings */

/* Matching letters and transpositions, as the first match in each letter's window. */
static double jaro_from(int64_t shared, int64_t crossed, int64_t n, int64_t m)
{
    if (!shared) return 0.0;
    double sum = 0.0;
    sum += (double)shared / (double)n;
    sum += (double)shared / (double)m;
    sum += (double)(shared - crossed / 2) / (double)shared;
    return sum / 3.0;
}

static double jaro_short(const uint8_t *a, int64_t n, const uint8_t *b, int64_t m)
{
    int64_t longest = n > m ? n : m;
    int64_t reach = longest / 2 - 1;
    if (reach < 0) reach = 0;
    uint64_t taken = 0, matched = 0;
    for (int64_t j = 0; j < m; j++) {
        int64_t from = j - reach, to = j + reach;
        if (from < 0) from = 0;
        if (to >= n) to = n - 1;
        for (int64_t i = from; i <= to; i++)
            if (a[i] == b[j] && !(taken >> i & 1)) {
                taken |= 1ULL << i;
                matched |= 1ULL << j;
                break;
            }
    }
    int64_t shared = __builtin_popcountll(taken), crossed = 0;
    for (uint64_t x = taken, y = matched; x; x &= x - 1, y &= y - 1)
        crossed += a[__builtin_ctzll(x)] != b[__builtin_ctzll(y)];
    return jaro_from(shared, crossed, n, m);
}

/* The same in time linear in the lengths. The window's lower end never moves back, so
 * each letter's places are used up from the front. */
static double jaro_long(const uint8_t *a, int64_t n, const uint8_t *b, int64_t m)
{
    int64_t longest = n > m ? n : m;
    int64_t reach = longest / 2 - 1;
    if (reach < 0) reach = 0;
    int64_t *next = malloc(sizeof(int64_t) * (size_t)n);
    uint8_t *taken = calloc((size_t)n, 1), *pairs = malloc((size_t)m);
    if (!next || !taken || !pairs) {
        free(next); free(taken); free(pairs);
        return 0.0;
    }
    int64_t head[256];
    for (int c = 0; c < 256; c++) head[c] = n;
    for (int64_t i = n; i-- > 0;) {
        next[i] = head[a[i]];
        head[a[i]] = i;
    }
    int64_t shared = 0;
    for (int64_t j = 0; j < m; j++) {
        int64_t i = head[b[j]];
        while (i < n && i < j - reach) i = next[i];
        head[b[j]] = i;
        if (i < n && i <= j + reach) {
            taken[i] = 1;
            pairs[shared++] = b[j];
            head[b[j]] = next[i];
        }
    }
    int64_t crossed = 0, k = 0;
    for (int64_t i = 0; i < n && k < shared; i++)
        if (taken[i]) crossed += a[i] != pairs[k++];
    free(next); free(taken); free(pairs);
    return jaro_from(shared, crossed, n, m);
}

double st_jaro(const uint8_t *a, int64_t n, const uint8_t *b, int64_t m)
{
    if (!n || !m) return 0.0;
    if (n <= SHORT && m <= SHORT) return jaro_short(a, n, b, m);
    return jaro_long(a, n, b, m);
}

static int64_t same_start(const uint8_t *a, int64_t n, const uint8_t *b, int64_t m)
{
    int64_t most = n < m ? n : m, k = 0;
    if (most > 4) most = 4;
    while (k < most && a[k] == b[k]) k++;
    return k;
}

/* Winkler's bonus for a common start, given to what is above 0.7 only. Some builds of
 * DuckDB round once here (`fused`) and some twice; a value on the limit shows it. */
static double winkler(double jaro, int64_t start, int fused)
{
    if (jaro <= 0.7) return jaro;
    double share = (double)start * 0.1;
    return fused ? fma(share, 1.0 - jaro, jaro) : jaro + share * (1.0 - jaro);
}

double st_jaro_winkler(const uint8_t *a, int64_t n, const uint8_t *b, int64_t m, int fused)
{
    return winkler(st_jaro(a, n, b, m), same_start(a, n, b, m), fused);
}

/* Edits between two strings, or most + 1 where there are more: a band of the usual
 * table, with rows kept only as long as a transposition can reach back. With
 * `swaps`, a swap of neighbours is one edit and letters may come between
 * (Damerau-Levenshtein without restriction, as DuckDB counts). */
int64_t st_edits(const uint8_t *a, int64_t n, const uint8_t *b, int64_t m, int64_t most,
                 int swaps)
{
    enum { KEPT = MOST_EDITS + 3, WIDE = 2 * MOST_EDITS + 3 };
    if (most > MOST_EDITS) return -1;
    if (most < 0) return 0;
    int64_t gap = n > m ? n - m : m - n;
    if (gap > most) return most + 1;
    while (n && m && a[n - 1] == b[m - 1]) n--, m--;
    while (n && m && *a == *b) a++, b++, n--, m--;
    if (!n || !m) return n + m <= most ? n + m : most + 1;
    int32_t rows[KEPT][WIDE];
    int64_t seen[256];
    if (swaps) memset(seen, 0, sizeof seen);
    const int32_t far = (int32_t)most + 1;
    /* Column j of row i is at j - i + most + 1; the ends of the band stay `far`. */
    const int64_t middle = most + 1, width = 2 * most + 3;
    for (int64_t k = 0; k < width; k++) {
        int64_t j = k - middle;
        rows[0][k] = j >= 0 && j <= most ? (int32_t)j : far;
    }
    for (int64_t i = 1; i <= n; i++) {
        int32_t *row = rows[i % KEPT], *above = rows[(i - 1) % KEPT];
        int64_t from = i - most, to = i + most, last = 0;
        for (int64_t k = 0; k < width; k++) row[k] = far;
        if (from <= 0) {
            row[middle - i] = (int32_t)(i <= most ? i : far);
            from = 1;
        }
        if (to > m) to = m;
        if (swaps) {
            int64_t back = from - most - 1;
            for (int64_t j = from - 1; j >= 1 && j >= back; j--)
                if (b[j - 1] == a[i - 1]) { last = j; break; }
        }
        int32_t best = far;
        if (i <= most && row[middle - i] < best) best = row[middle - i];
        for (int64_t j = from; j <= to; j++) {
            int64_t k = j - i + middle;
            int same = a[i - 1] == b[j - 1];
            int32_t value = above[k] + !same;
            if (above[k + 1] + 1 < value) value = above[k + 1] + 1;
            if (row[k - 1] + 1 < value) value = row[k - 1] + 1;
            if (swaps) {
                int64_t p = seen[b[j - 1]], q = last;
                if (p && q) {
                    int64_t cost = (i - p - 1) + 1 + (j - q - 1);
                    int64_t place = q - p + middle;
                    if (cost <= most && place >= 0 && place < width) {
                        int32_t swap = rows[(p - 1) % KEPT][place] + (int32_t)cost;
                        if (swap < value) value = swap;
                    }
                }
                if (same) last = j;
            }
            if (value > far) value = far;
            row[k] = value;
            if (value < best) best = value;
        }
        if (swaps) seen[a[i - 1]] = i;
        else if (best > most) return most + 1;
    }
    int32_t found = rows[n % KEPT][m - n + middle];
    return found > most ? most + 1 : found;
}

/* Bytes that two strings share, of the bytes that either has. */
double st_jaccard(const uint8_t *a, int64_t n, const uint8_t *b, int64_t m)
{
    uint64_t x[4] = {0}, y[4] = {0};
    for (int64_t i = 0; i < n; i++) x[a[i] >> 6] |= 1ULL << (a[i] & 63);
    for (int64_t i = 0; i < m; i++) y[b[i] >> 6] |= 1ULL << (b[i] & 63);
    int both = 0, any = 0;
    for (int k = 0; k < 4; k++) {
        both += __builtin_popcountll(x[k] & y[k]);
        any += __builtin_popcountll(x[k] | y[k]);
    }
    return any ? (double)both / (double)any : 0.0;
}

/* Fill letters of every string: what its bounds are worked out from. */
void st_letters(Text *texts, const uint8_t *bytes, int64_t count)
{
    for (int64_t t = 0; t < count; t++) {
        uint64_t found = 0;
        const uint8_t *s = bytes + texts[t].start;
        for (int32_t i = 0; i < texts[t].length; i++) found |= 1ULL << (s[i] & 63);
        texts[t].letters = found;
    }
}

/* ------------------------------------------------------------------ conditions */

static inline int compared(double value, double limit, int32_t flags)
{
    int yes = flags & BELOW ? (flags & STRICT ? value < limit : value <= limit)
                            : (flags & STRICT ? value > limit : value >= limit);
    return flags & NEGATED ? !yes : yes;
}

/* A similarity can only reach a limit from below it where the lengths, the letters and
 * the start allow; most pairs end here, and none wrongly. */
static int similar(const Plan *plan, const Step *step, int32_t x, int32_t y)
{
    const Dictionary *book = plan->dictionaries + step->dictionary;
    const Text *s = book->texts + x, *t = book->texts + y;
    const uint8_t *a = book->bytes + s->start, *b = book->bytes + t->start;
    int64_t n = s->length, m = t->length, start = 0;
    if (step->op == JACCARD) return compared(st_jaccard(a, n, b, m), step->limit, step->flags);
    if (step->op == JARO_WINKLER) start = same_start(a, n, b, m);
    if (n && m && !(step->flags & BELOW)) {
        int64_t most = n - __builtin_popcountll(s->letters & ~t->letters);
        int64_t other = m - __builtin_popcountll(t->letters & ~s->letters);
        if (other < most) most = other;
        double bound = most > 0
            ? ((double)most / (double)n + (double)most / (double)m + 1.0) / 3.0 : 0.0;
        bound = winkler(bound, start, 0) + 1e-12;
        if (bound < step->limit) return (step->flags & NEGATED) != 0;
    }
    double value = winkler(st_jaro(a, n, b, m), start, step->flags & FUSED);
    return compared(value, step->limit, step->flags);
}

static int close_by(const Plan *plan, const Step *step, int32_t x, int32_t y)
{
    const Dictionary *book = plan->dictionaries + step->dictionary;
    const Text *s = book->texts + x, *t = book->texts + y;
    int64_t most = (int64_t)step->limit;
    int far;
    if (x == y) far = 0;
    else if (step->op == HAMMING) {
        int64_t differ = s->length == t->length ? 0 : most + 1;
        const uint8_t *a = book->bytes + s->start, *b = book->bytes + t->start;
        for (int32_t i = 0; i < s->length && differ <= most; i++) differ += a[i] != b[i];
        far = differ > most;
    } else {
        /* Each edit adds at most one letter and takes at most one away. */
        far = __builtin_popcountll(s->letters & ~t->letters) > most
            || __builtin_popcountll(t->letters & ~s->letters) > most
            || st_edits(book->bytes + s->start, s->length, book->bytes + t->start,
                        t->length, most, step->op == DAMERAU) > most;
    }
    return step->flags & NEGATED ? far : !far;
}

static int64_t shared_members(const Dictionary *x, int32_t a, const Dictionary *y, int32_t b)
{
    const int32_t *p = x->members + x->starts[a], *pe = x->members + x->starts[a + 1];
    const int32_t *q = y->members + y->starts[b], *qe = y->members + y->starts[b + 1];
    int64_t shared = 0;
    while (p < pe && q < qe) {
        if (*p == *q) shared++, p++, q++;
        else if (*p < *q) p++;
        else q++;
    }
    return shared;
}

static int holds(const Dictionary *book, int32_t list, int32_t member)
{
    const int32_t *p = book->members + book->starts[list];
    const int32_t *end = book->members + book->starts[list + 1];
    while (p < end && *p < member) p++;
    return p < end && *p == member;
}

#define DEEPEST 16

/* Work a sum out; it is true only where no part of it is missing. The parts end with
 * both sides of the comparison on the stack. */
static int sum_holds(const Plan *plan, const Step *step, const int32_t *l, const int32_t *r)
{
    double stack[DEEPEST];
    int known[DEEPEST], n = 0;
    const Part *part = plan->parts + step->left, *end = part + step->right;
    for (; part < end; part++) {
        const Dictionary *book = plan->dictionaries + part->dictionary;
        int32_t x, y;
        switch (part->part) {
        case CONSTANT:
            stack[n] = part->value, known[n++] = 1;
            break;
        case LEFT_WHOLE: case RIGHT_WHOLE:
            x = part->part == LEFT_WHOLE ? l[part->left] : r[part->right];
            stack[n] = (double)x, known[n++] = x != MISSING;
            break;
        case LEFT_NUMBER: case RIGHT_NUMBER:
            x = part->part == LEFT_NUMBER ? l[part->left] : r[part->right];
            stack[n] = x == MISSING ? 0.0 : book->numbers[x], known[n++] = x != MISSING;
            break;
        case SHARED:
            x = l[part->left], y = r[part->right];
            known[n] = x != MISSING && y != MISSING;
            stack[n] = known[n]
                ? (double)shared_members(book, x, plan->dictionaries + part->other, y) : 0.0;
            n++;
            break;
        case SIZE_OF:
            stack[n - 1] = fabs(stack[n - 1]);
            break;
        default: {
            double b = stack[--n], a = stack[n - 1];
            int kb = known[n], ka = known[n - 1], both = ka && kb;
            double value = 0.0;
            switch (part->part) {
            case PLUS: value = a + b; break;
            case MINUS: value = a - b; break;
            case TIMES: value = a * b; break;
            case OVER: value = a / b; break;
            /* SQL's greatest and least pass over what is missing. */
            case GREATEST:
                value = !kb || (ka && (isnan(a) || a > b)) ? a : b;
                both = ka || kb;
                break;
            default:
                value = !kb || (ka && (isnan(b) || a < b)) ? a : b;
                both = ka || kb;
                break;
            }
            stack[n - 1] = value, known[n - 1] = both;
        }
        }
    }
    if (!known[0] || !known[1]) return 0;
    double a = stack[0], b = stack[1];
    if (isnan(a) || isnan(b)) { /* for DuckDB, not-a-number is the largest of all */
        a = isnan(a) != 0;
        b = isnan(b) != 0;
    }
    return compared(a, b, step->flags);
}

static inline int answer(const Plan *plan, const Step *step, const int32_t *l, const int32_t *r)
{
    switch (step->op) {
    case IS_MISSING_LEFT: return l[step->left] == MISSING;
    case IS_MISSING_RIGHT: return r[step->right] == MISSING;
    case IS_PRESENT_LEFT: return l[step->left] != MISSING;
    case IS_PRESENT_RIGHT: return r[step->right] != MISSING;
    case TRUE_LEFT: return l[step->left] == 1;
    case TRUE_RIGHT: return r[step->right] == 1;
    case FALSE_LEFT: return l[step->left] == 0;
    case FALSE_RIGHT: return r[step->right] == 0;
    case SUM: return sum_holds(plan, step, l, r);
    default: break;
    }
    int32_t x = l[step->left], y = r[step->right];
    if (x == MISSING || y == MISSING) return 0;
    const Dictionary *book = plan->dictionaries + step->dictionary;
    switch (step->op) {
    case SAME: return x == y;
    case DIFFERENT: return x != y;
    case JARO_WINKLER: case JARO: case JACCARD: return similar(plan, step, x, y);
    case LEVENSHTEIN: case DAMERAU: case HAMMING: return close_by(plan, step, x, y);
    case GAP_WHOLE: {
        int64_t gap = (int64_t)x - (int64_t)y;
        return compared((double)(gap < 0 ? -gap : gap), step->limit, step->flags);
    }
    case LISTS_MEET: {
        int yes = shared_members(book, x, plan->dictionaries + step->other, y) > 0;
        return step->flags & NEGATED ? !yes : yes;
    }
    case LIST_HOLDS_LEFT: case LIST_HOLDS_RIGHT: {
        int yes = step->op == LIST_HOLDS_LEFT ? holds(book, x, y) : holds(book, y, x);
        return step->flags & NEGATED ? !yes : yes;
    }
    default: return 0;
    }
}

static inline int32_t level_of(const Plan *plan, int32_t at, const int32_t *l, const int32_t *r)
{
    do {
        const Step *step = plan->steps + at;
        at = answer(plan, step, l, r) ? step->yes : step->no;
    } while (at >= 0);
    return -1 - at;
}

/* ------------------------------------------------------------------ scores */

static inline double rarity(const Term *term, const int32_t *l, const int32_t *r)
{
    int32_t x = l[term->place], y = r[term->place];
    if (x == MISSING && y == MISSING) return 0.0;
    double a = x == MISSING ? term->rarity[y] : term->rarity[x];
    double b = y == MISSING ? a : term->rarity[y];
    double common = a > b ? a : b;
    if (term->least > common) common = term->least;
    return term->weight * (term->base - common);
}

static inline void ahead(const Plan *plan, const int32_t *a, const int32_t *b, int64_t k)
{
    const char *x = (const char *)(plan->rows + (int64_t)a[k] * plan->width);
    const char *y = (const char *)(plan->rows + (int64_t)b[k] * plan->width);
    int64_t size = plan->width * 4;
    for (int64_t at = 0; at < size; at += 64) {
        __builtin_prefetch(x + at);
        __builtin_prefetch(y + at);
    }
}

#define AHEAD 8

/* Weight of each pair; its levels too, where `levels` is given. */
void st_score(const Plan *plan, const int32_t *left, const int32_t *right, int64_t count,
              double *weights, int8_t *levels)
{
    for (int64_t k = 0; k < count; k++) {
        if (k + AHEAD < count) ahead(plan, left, right, k + AHEAD);
        const int32_t *l = plan->rows + (int64_t)left[k] * plan->width;
        const int32_t *r = plan->rows + (int64_t)right[k] * plan->width;
        double weight = plan->prior;
        for (int64_t c = 0; c < plan->comparisons; c++) {
            int32_t level = level_of(plan, plan->starts[c], l, r);
            int64_t at = c * plan->levels + level;
            double part = plan->weights[at];
            if (plan->terms[at].place >= 0) part += rarity(plan->terms + at, l, r);
            weight += part;
            if (levels) levels[k * plan->comparisons + c] = (int8_t)level;
        }
        weights[k] = weight;
    }
}

/* Count pairs by their pattern of levels in an open table of `size` (a power of two)
 * numbers; -1 marks a free place. Returns how many pairs were counted before the table
 * was three quarters full: the caller gives a larger one and goes on. */
int64_t st_tally(const Plan *plan, const int32_t *chosen, int64_t chosen_count,
                 const int32_t *left, const int32_t *right, int64_t count,
                 int64_t *patterns, int64_t *counts, int64_t size, int64_t *used)
{
    for (int64_t k = 0; k < count; k++) {
        if (*used * 4 >= size * 3) return k;
        if (k + AHEAD < count) ahead(plan, left, right, k + AHEAD);
        const int32_t *l = plan->rows + (int64_t)left[k] * plan->width;
        const int32_t *r = plan->rows + (int64_t)right[k] * plan->width;
        int64_t pattern = 0;
        for (int64_t c = 0; c < chosen_count; c++)
            pattern = pattern * plan->levels + level_of(plan, plan->starts[chosen[c]], l, r);
        uint64_t at = ((uint64_t)pattern * 0x9E3779B97F4A7C15ULL) >> 20 & (uint64_t)(size - 1);
        while (patterns[at] != pattern && patterns[at] != -1) at = (at + 1) & (uint64_t)(size - 1);
        if (patterns[at] == -1) {
            patterns[at] = pattern;
            (*used)++;
        }
        counts[at]++;
    }
    return count;
}

/* ------------------------------------------------------------------ candidate pairs */

static inline uint64_t bucket(int64_t key, int64_t bits)
{
    uint64_t x = (uint64_t)key;
    x ^= x >> 32;
    x *= 0x9E3779B97F4A7C15ULL;
    return x >> (64 - bits);
}

/* Sort records from..to with a key (not -1) into buckets, keeping their order.
 * `starts` has 2^bits + 1 places; `sorted` takes the keys in the new order. Returns how
 * many records have a key. */
int64_t st_group(const int64_t *keys, int64_t stride, int64_t from, int64_t to, int64_t bits,
                 int64_t *starts, int32_t *members, int64_t *sorted)
{
    int64_t size = 1LL << bits;
    memset(starts, 0, sizeof(int64_t) * (size_t)(size + 1));
    for (int64_t i = from; i < to; i++)
        if (keys[i * stride] != -1) starts[bucket(keys[i * stride], bits) + 1]++;
    for (int64_t b = 0; b < size; b++) starts[b + 1] += starts[b];
    for (int64_t i = from; i < to; i++) {
        int64_t key = keys[i * stride];
        if (key == -1) continue;
        int64_t at = starts[bucket(key, bits)]++;
        members[at] = (int32_t)i;
        sorted[at] = key;
    }
    int64_t total = starts[size - 1];
    memmove(starts + 1, starts, sizeof(int64_t) * (size_t)size);
    starts[0] = 0;
    return total;
}

typedef struct {
    const int32_t *left_members, *right_members;
    const int64_t *right_starts;
    const int64_t *left_keys, *right_keys;     /* of this rule, by member */
    const int64_t *left_all, *right_all;       /* [record][rule]: the keys of every rule */
    const int32_t *filters;                    /* first step of each rule's filter, or -1 */
    int64_t rules, rule;
    int64_t bits;
    int64_t ordered;                           /* 1: only pairs whose left comes first */
} Block;

/* Write the next pairs of a rule, starting at position `*at` of the left members and
 * `*next` of the right ones, until `room` are written or `to` is reached. A pair that
 * an earlier rule proposes is left out. Returns how many pairs were written. */
int64_t st_pairs(const Plan *plan, const Block *block, int64_t *at, int64_t *next, int64_t to,
                 int64_t room, int32_t *left, int32_t *right)
{
    int64_t written = 0;
    const int64_t rules = block->rules;
    while (*at < to) {
        int32_t i = block->left_members[*at];
        int64_t key = block->left_keys[*at];
        uint64_t b = bucket(key, block->bits);
        int64_t q = block->right_starts[b] > *next ? block->right_starts[b] : *next;
        int64_t end = block->right_starts[b + 1];
        const int64_t *mine = block->left_all + (int64_t)i * rules;
        for (; q < end; q++) {
            if (block->right_keys[q] != key) continue;
            int32_t j = block->right_members[q];
            if (block->ordered && j <= i) continue;
            const int64_t *yours = block->right_all + (int64_t)j * rules;
            int proposed = 0;
            for (int64_t e = 0; e < block->rule && !proposed; e++)
                proposed = mine[e] == yours[e] && mine[e] != -1
                    && (block->filters[e] < 0
                        || level_of(plan, block->filters[e], plan->rows + (int64_t)i * plan->width,
                                    plan->rows + (int64_t)j * plan->width) == 1);
            if (proposed) continue;
            int32_t filter = block->filters[block->rule];
            if (filter >= 0
                && level_of(plan, filter, plan->rows + (int64_t)i * plan->width,
                            plan->rows + (int64_t)j * plan->width) != 1)
                continue;
            if (written == room) {
                *next = q;
                return written;
            }
            left[written] = i;
            right[written++] = j;
        }
        ++*at;
        *next = 0;
    }
    return written;
}

/* How many pairs each left position may have at most: the size of its bucket. */
void st_reach(const Block *block, int64_t count, int64_t *reach)
{
    for (int64_t p = 0; p < count; p++) {
        uint64_t b = bucket(block->left_keys[p], block->bits);
        reach[p] = block->right_starts[b + 1] - block->right_starts[b];
    }
}

/* Put a column of records from..to beside the others, through a table where one is
 * given: it has a place for each code and one, at `last`, for what is missing. */
void st_pack(const int32_t *column, const int32_t *table, int64_t last, int64_t from, int64_t to,
             int64_t width, int64_t place, int32_t *rows)
{
    for (int64_t i = from; i < to; i++) {
        int32_t code = column[i];
        if (table) code = table[code == MISSING ? last : code];
        rows[i * width + place] = code;
    }
}

/* Pack the codes of each rule's parts into its key; -1 where one is missing. Rule r has
 * the parts ends[r]..ends[r + 1]; a part is (code - low) of `size`. A rule without parts
 * keeps the keys that are there. */
void st_keys(const int32_t *rows, int64_t width, int64_t from, int64_t to, int64_t rules,
             const int64_t *ends, const int32_t *places, const int64_t *lows,
             const int64_t *sizes, int64_t *keys)
{
    for (int64_t i = from; i < to; i++) {
        const int32_t *row = rows + i * width;
        for (int64_t r = 0; r < rules; r++) {
            if (ends[r] == ends[r + 1]) continue;
            int64_t key = 0;
            for (int64_t p = ends[r]; p < ends[r + 1]; p++) {
                int32_t code = row[places[p]];
                if (code == MISSING) {
                    key = -1;
                    break;
                }
                key = key * sizes[p] + ((int64_t)code - lows[p]);
            }
            keys[i * rules + r] = key;
        }
    }
}

/* ------------------------------------------------------------------ clusters */

static int32_t top(int32_t *parent, int32_t x)
{
    while (parent[x] != x) {
        parent[x] = parent[parent[x]];
        x = parent[x];
    }
    return x;
}

/* Join the two records of every pair of at least a weight; the least record leads. */
void st_join(int32_t *parent, const int32_t *left, const int32_t *right, const double *weights,
             double least, int64_t count)
{
    for (int64_t k = 0; k < count; k++) {
        if (weights && weights[k] < least) continue;
        int32_t x = top(parent, left[k]), y = top(parent, right[k]);
        if (x < y) parent[y] = x;
        else if (y < x) parent[x] = y;
    }
}

void st_labels(int32_t *parent, int64_t count)
{
    for (int64_t i = 0; i < count; i++) parent[i] = top(parent, (int32_t)i);
}
