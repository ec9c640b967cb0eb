using Microsoft.Extensions.Logging;

namespace Audit.Journal.Tests.Storage;

/// <summary>Every failure is counted, and one of a place and a cause is logged each minute.</summary>
public sealed class FailureLogTests
{
    private readonly SetClock clock = new();
    private readonly Lines lines = new();
    private readonly FailureLog failures;

    public FailureLogTests() => failures = new FailureLog(lines, clock);

    [Fact]
    public void the_first_failure_is_logged_with_its_place_and_cause()
    {
        failures.Report("journal listener", new IOException("the cable is cut"));
        Assert.Equal(["Error journal listener: the cable is cut"], lines.Written);
        Assert.IsType<IOException>(Assert.Single(lines.Causes));
    }

    [Fact]
    public void the_same_cause_at_the_same_place_is_kept_back_for_a_minute_and_then_counted_out()
    {
        failures.Report("journal listener", new IOException("one"));
        clock.Advance(TimeSpan.FromSeconds(59));
        failures.Report("journal listener", new IOException("two"));
        failures.Report("journal listener", new IOException("three"));
        clock.Advance(TimeSpan.FromSeconds(1));
        failures.Report("journal listener", new IOException("four"));
        clock.Advance(TimeSpan.FromMinutes(1));
        failures.Report("journal listener", new IOException("five"));

        Assert.Equal(
        [
            "Error journal listener: one",
            "Error journal listener: four (2 more since the last such line)",
            "Error journal listener: five",
        ], lines.Written);
    }

    [Fact]
    public void another_place_or_another_cause_is_logged_at_once()
    {
        failures.Report("journal listener", new IOException("one"));
        failures.Report("journal connection", new IOException("two"));
        failures.Report("journal listener", new TimeoutException("three"));
        Assert.Equal(3, lines.Written.Count);
    }

    [Fact]
    public void every_failure_is_counted_by_its_place_logged_or_not()
    {
        for (var i = 0; i < 5; i++)
        {
            failures.Report("journal listener", new IOException());
        }

        failures.Report("journal listener", new TimeoutException());
        failures.Report("journal connection", new TimeoutException());
        Assert.Equal(
            new Dictionary<string, long> { ["journal connection"] = 1, ["journal listener"] = 6 }, failures.Counts);
    }

    [Fact]
    public async Task reports_from_many_threads_are_all_counted_and_one_is_logged()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() =>
        {
            for (var i = 0; i < 1000; i++)
            {
                failures.Report("journal listener", new IOException("at once"));
            }
        })));
        Assert.Equal(8000, failures.Counts["journal listener"]);
        Assert.Single(lines.Written);
    }

    private sealed class SetClock : TimeProvider
    {
        private DateTimeOffset now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => now;

        public void Advance(TimeSpan by) => now += by;
    }

    private sealed class Lines : ILogger
    {
        public List<string> Written { get; } = [];

        public List<Exception?> Causes { get; } = [];

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel level) => true;

        public void Log<TState>(
            LogLevel level, EventId id, TState state, Exception? exception, Func<TState, Exception?, string> format)
        {
            lock (Written)
            {
                Written.Add($"{level} {format(state, exception)}");
                Causes.Add(exception);
            }
        }
    }
}
