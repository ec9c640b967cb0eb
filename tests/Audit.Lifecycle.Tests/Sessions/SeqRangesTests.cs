namespace Audit.Lifecycle.Tests.Sessions;

public sealed class SeqRangesTests
{
    [Fact]
    public void any_order_of_the_same_numbers_leaves_the_same_gaps()
    {
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
        {
            var numbers = Enumerable.Range(0, 40).Where(_ => random.Next(3) > 0).Select(i => (long)i).ToArray();
            var missing = Enumerable.Range(1, 39).Select(i => (long)i)
                .Where(i => numbers.Length > 0 && i < numbers.Max() && !numbers.Contains(i)).ToArray();
            random.Shuffle(numbers);
            var ranges = new List<SeqRange>();
            foreach (var number in numbers.Concat(numbers.Take(5)))
            {
                SeqRanges.Add(ranges, number);
            }

            Assert.Equal(missing, SeqRanges.Gaps(ranges).SelectMany(Numbers));
        }
    }

    [Fact]
    public void what_is_remembered_is_bounded()
    {
        var ranges = new List<SeqRange>();
        for (var number = 0L; number < 10_000; number += 2)
        {
            SeqRanges.Add(ranges, number);
        }

        Assert.InRange(SeqRanges.Gaps(ranges).Count(), 1, SeqRanges.Most);
    }

    private static IEnumerable<long> Numbers(SeqRange gap)
    {
        for (var number = gap.From; number <= gap.To; number++)
        {
            yield return number;
        }
    }
}
