namespace Audit.Load.Workloads;

/// <summary>The kinds of message that a call sends in its life, each sequence legal by the table.</summary>
internal sealed record CallStory(string Tier, params string[] Kinds)
{
    // Six calls of ten send one message, three send two and one sends three: 1.5 on average.
    private static readonly CallStory[] InTwenty =
    [
        .. Enumerable.Repeat(new CallStory("Observe", "completed"), 10),
        new("Observe", "cached"),
        new("Confirm", "blocked"),
        .. Enumerable.Repeat(new CallStory("Confirm", "requires_confirmation", "completed"), 4),
        new("Confirm", "requires_confirmation", "blocked"),
        new("Observe", "requested", "completed"),
        .. Enumerable.Repeat(new CallStory("Confirm", "requires_confirmation", "approved", "completed"), 2),
    ];

    public static CallStory Next(Random random) => InTwenty[random.Next(InTwenty.Length)];
}
