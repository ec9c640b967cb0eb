using System.Text;
using System.Text.RegularExpressions;
using Audit.Journal.Events;
using Audit.Journal.Stores;
using Audit.Lifecycle.Calls;
using Audit.Node.Tests.Formats;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>The law reads heads alone: whoever loses the content loses no verdict.</summary>
public sealed partial class GoldenJudgementTests
{
    [Fact]
    public async Task every_golden_history_is_judged_the_same_when_its_payloads_are_gone()
    {
        await using var node = await TestNode.StartAsync();
        foreach (var name in Streams.All)
        {
            (await node.Http.AnswerAsync(
                HttpMethod.Post, $"/v1/ingest/{Streams.FormatOf(name)}?session=s-1&task=t-1&agent=a-1",
                Encoding.UTF8.GetBytes(Streams.Text(name)), "application/x-ndjson")).Require(200);
        }

        await node.StopAsync();
        await using (var store = await AuditStore.OpenAsync(
            node.Options.Store, node.Options.OpenRowKeys, CancellationToken.None))
        {
            await CompareAsync(store);
        }

        await node.StartAgainAsync();
    }

    private static async Task CompareAsync(IAuditStore store)
    {
        var sealedRows = await store.Journal.ReadAfterAsync(0, 100_000, long.MaxValue, CancellationToken.None);
        var calls = sealedRows.Where(row => row.Manifest.StartsWith("call.", StringComparison.Ordinal))
            .GroupBy(row => row.PersistenceId).ToList();

        Assert.True(calls.Count > 20, $"{calls.Count} calls");
        var gone = 0;
        foreach (var call in calls)
        {
            var (opened, bare) = (CallHistory.Empty, CallHistory.Empty);
            foreach (var row in call)
            {
                var readable = (await store.Opened.ReadRowAsync(row.Position, CancellationToken.None))!;
                var without = WithoutPayload(row);
                gone += without.Message.Length < row.Message.Length ? 1 : 0;
                var (one, other) = (EventReader.ReadCall(readable), EventReader.ReadCall(without));
                Assert.Equal(one, other);
                opened = CallEvolution.Evolve(opened, one);
                bare = CallEvolution.Evolve(bare, other);
            }

            Assert.Equal((opened.Standing, opened.InOrder), (bare.Standing, bare.InOrder));
            Assert.Equal(
                Judge.Of(opened.JudgedByArrival()).Verdicts.ToArray(), Judge.Of(bare.JudgedByArrival()).Verdicts.ToArray());
        }

        Assert.True(gone > 40, $"{gone} payloads");
    }

    private static JournalRow WithoutPayload(JournalRow row) => row with
    {
        Message = Encoding.UTF8.GetBytes(PayloadMember().Replace(Encoding.UTF8.GetString(row.Message), "")),
    };

    [GeneratedRegex(",\"payload\":\"[A-Za-z0-9_-]+\"")]
    private static partial Regex PayloadMember();
}
