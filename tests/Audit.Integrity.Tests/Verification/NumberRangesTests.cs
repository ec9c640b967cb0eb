namespace Audit.Integrity.Tests.Verification;

public sealed class NumberRangesTests
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
            var ranges = new NumberRanges();
            foreach (var number in numbers.Concat(numbers.Take(5)))
            {
                ranges.Add(number);
            }

            Assert.Equal(missing, ranges.Gaps().SelectMany(Numbers));
        }
    }

    [Fact]
    public void what_is_remembered_is_bounded()
    {
        var ranges = new NumberRanges();
        for (var number = 0L; number < 10_000; number += 2)
        {
            ranges.Add(number);
        }

        Assert.InRange(ranges.Gaps().Count(), 1, 1024);
    }

    private static IEnumerable<long> Numbers((long First, long Last) gap)
    {
        for (var number = gap.First; number <= gap.Last; number++)
        {
            yield return number;
        }
    }
}
