using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;

namespace Audit.Testing;

/// <summary>Waits for what a node reads of its book after it was written.</summary>
public static class BookReading
{
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(3);

    /// <summary>Waits until the read models and the search have all that the book has now.</summary>
    public static async Task UntilReadAsync(HttpClient admin)
    {
        var (since, position) = (Stopwatch.GetTimestamp(), PositionOf(await StatsAsync(), "journal"));
        for (var stats = await StatsAsync();
            PositionOf(stats, "projections") < position || PositionOf(stats, "search") < position;
            stats = await StatsAsync())
        {
            if (Stopwatch.GetElapsedTime(since) > Longest)
            {
                throw new TimeoutException($"In {Longest.TotalSeconds} s not all was read until {position}: {stats}");
            }

            await Task.Delay(20);
        }

        Task<JsonElement> StatsAsync() => admin.GetFromJsonAsync<JsonElement>("/v1/stats");

        static long PositionOf(JsonElement stats, string reader) =>
            stats.GetProperty(reader).GetProperty("position").GetInt64();
    }
}
