using System.Buffers;
using System.Text;
using Audit.Client.Http;
using Audit.Client.Sending;
using Audit.Client.Wire;

namespace Audit.Client.Tests;

/// <summary>The spool's file alone: what it keeps, however it was left.</summary>
public sealed class SpoolFileTests : IDisposable
{
    private static readonly ReceiptLine Recorded = ReceiptLine.Parse("""{"index":0,"status":"recorded","position":1}""");

    private readonly TemporaryDirectory directory = new();
    private readonly List<NodeException> troubles = [];

    private string Spool => directory.File("spool");

    public void Dispose() => directory.Dispose();

    [Fact]
    public async Task sent_lines_make_room_in_place_and_the_order_stays()
    {
        const int Most = 4000;
        var taken = new List<int>();
        await using (var spool = Open(Most))
        {
            for (var n = 0; n < 1000; n++)
            {
                await spool.AddAsync(Line(n));
                if (n % 7 == 0)
                {
                    taken.AddRange(await TakeAsync(spool, atMost: 9));
                    Assert.InRange(new FileInfo(Spool).Length, 0, 3 * Most);
                }
            }
        }

        await using var again = Open(Most);
        while (again.Lines > 0)
        {
            taken.AddRange(await TakeAsync(again, atMost: 100));
        }

        Assert.Equal(Enumerable.Range(0, 1000), taken);
    }

    [Theory]
    [InlineData("")]
    [InlineData("garbage")]
    [InlineData("9999999999999999999\n")]
    [InlineData("0000000000000000003\n")]
    public async Task a_place_that_cannot_be_meant_begins_at_the_beginning(string place)
    {
        await using (var spool = Open())
        {
            await spool.AddAsync(Line(0));
            await spool.AddAsync(Line(1));
            await TakeAsync(spool, atMost: 1);
        }

        await File.WriteAllTextAsync(Spool + ".sent", place);
        await Open().DisposeAsync();
        Assert.Equal(new string('0', 19) + "\n", await File.ReadAllTextAsync(Spool + ".sent"));
        await using var again = Open();
        Assert.Equal([0, 1], await TakeAsync(again, atMost: 10));
    }

    [Fact]
    public async Task white_lines_and_half_a_line_are_no_items()
    {
        await File.WriteAllTextAsync(Spool, $"   \n{Text(0)}\n\n \t\n{Text(1)}\n{{\"half\":");
        await using var spool = Open();

        Assert.Equal(2, spool.Lines);
        Assert.Equal([0, 1], await TakeAsync(spool, atMost: 10));
        await spool.AddAsync(Line(2));
        Assert.Equal([2], await TakeAsync(spool, atMost: 10));
    }

    [Fact]
    public async Task a_file_that_another_has_open_is_not_opened()
    {
        await using var spool = Open();
        Assert.Throws<IOException>(() => Open());
    }

    [Fact]
    public async Task what_has_no_room_is_refused_and_has_room_once_others_are_sent()
    {
        await using var spool = Open(most: 100);
        await spool.AddAsync(Line(0));
        var full = await Assert.ThrowsAsync<NodeException>(() => spool.AddAsync(Encoding.UTF8.GetBytes(new string('x', 99) + "\n")));
        Assert.Equal(NodeTrouble.Full, full.Trouble);
        await TakeAsync(spool, atMost: 1);
        await spool.AddAsync(Encoding.UTF8.GetBytes(new string('x', 99) + "\n"));
        Assert.Equal(1, spool.Lines);
    }

    [Fact]
    public async Task a_line_longer_than_what_goes_at_once_goes_alone()
    {
        var long3 = Encoding.UTF8.GetBytes($$"""{"n":3,"text":"{{new string('x', 3 << 20)}}"}""" + "\n");
        await using var spool = Open(most: 10 << 20);
        await spool.AddAsync(long3);
        await spool.AddAsync(Line(4));

        Assert.Equal([3], await TakeAsync(spool, atMost: 1));
        Assert.Equal([4], await TakeAsync(spool, atMost: 1));
    }

    [Fact]
    public async Task only_its_owner_reads_what_waits()
    {
        await using var spool = Open();
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Spool));
        }
    }

    [Fact]
    public async Task what_the_node_does_not_take_is_its_owners_too_and_is_told_of_where_it_has_no_room()
    {
        await using var spool = Open(most: 100);
        var invalid = ReceiptLine.Parse("""{"index":0,"status":"invalid","error":"nobody can read it"}""");
        for (var n = 0; n < 3; n++)
        {
            await spool.AddAsync(Line(n));
            await spool.NextAsync(CancellationToken.None);
            spool.Settle(invalid);
            spool.EndAttempt(null);
        }

        Assert.Equal(2, File.ReadAllLines(Spool + ".refused").Length);
        Assert.Equal([true, true, false], troubles.Select(one => one.Message.Contains("It is kept in", StringComparison.Ordinal)));
        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(Spool + ".refused"));
        }
    }

    [Fact]
    public async Task a_disk_that_is_full_for_a_while_keeps_what_it_had_and_takes_more_when_there_is_room()
    {
        await using var disk = await SmallDisk.MountAsync(directory.File("disk"));
        if (disk is null)
        {
            // Only who may mount has a disk to fill.
            return;
        }

        await using (var spool = new SpoolFile(disk.File("spool"), 1 << 20, troubles.Add))
        {
            await spool.AddAsync(Line(0));
            disk.Fill();
            var full = await Assert.ThrowsAsync<NodeException>(() => spool.AddAsync(new byte[64 << 10]));
            Assert.Equal((NodeTrouble.Unwritable, full), (full.Trouble, Assert.Single(troubles)));
            disk.Empty();
            await spool.AddAsync(Line(1));
        }

        await using var again = new SpoolFile(disk.File("spool"), 1 << 20, troubles.Add);
        Assert.Equal([0, 1], await TakeAsync(again, atMost: 10));
    }

    [Fact]
    public async Task what_lay_in_the_file_when_it_was_opened_is_waited_for_and_no_more()
    {
        await using (var spool = Open())
        {
            Assert.True(spool.EarlierSent.IsCompletedSuccessfully);
            await spool.AddAsync(Line(0));
            await spool.AddAsync(Line(1));
        }

        await using var again = Open();
        await again.AddAsync(Line(2));
        await TakeAsync(again, atMost: 1);
        Assert.False(again.EarlierSent.IsCompleted);
        await TakeAsync(again, atMost: 1);
        Assert.True(again.EarlierSent.IsCompletedSuccessfully);
        Assert.Equal(1, again.Lines);
    }

    private static string Text(int n) => $$"""{"n":{{n}}}""";

    private static byte[] Line(int n) => Encoding.UTF8.GetBytes(Text(n) + "\n");

    /// <summary>Sends some, as a sender does whose node answers so many and then is away.</summary>
    private static async Task<IReadOnlyList<int>> TakeAsync(SpoolFile spool, int atMost)
    {
        var lines = await spool.NextAsync(CancellationToken.None);
        var text = Encoding.UTF8.GetString(lines.Bytes.ToArray());
        var items = text.Split('\n').Where(line => line.Trim().Length > 0).Take(Math.Min(atMost, lines.Count)).ToList();
        items.ForEach(_ => spool.Settle(Recorded));
        spool.EndAttempt(null);
        return [.. items.Select(item => JsonSerializer.Deserialize<JsonElement>(item).GetProperty("n").GetInt32())];
    }

    private SpoolFile Open(long most = 1 << 20) => new(Spool, most, troubles.Add);
}
