using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Audit.Integrity.Keeping;
using Audit.Integrity.Rows;
using Audit.Storage;
using Microsoft.Data.Sqlite;

namespace Audit.CommandLine.Tests.Verify;

/// <summary>What is due by rules that two persons stand for goes, once it is archived; and nothing else does.</summary>
public sealed class KeepTests : IDisposable
{
    private const string Rules = """
        {"default": "forever", "classes": [{"name": "reads", "tool": ["read_*"], "keep": "0d"}]}
        """;

    private readonly TemporaryDirectory directory = new();

    private string Aside => directory.File("archive");

    private string Keys => directory.File("keys");

    [Fact]
    public async Task what_is_due_is_archived_and_cut_and_everything_still_verifies()
    {
        await using var book = await SealedBook.StartAsync([.. Records.Items("s-1", 2), Open("s-2")]);
        var bundle = directory.File("before.zip");
        (await book.RunAsync("export", "--bundle", bundle)).Require(ExitCode.Fine);
        var checkpoint = book.KeepCheckpoint("kept");
        await AdoptAsync(book);
        var planned = (await book.RunAsync("keep", "plan")).Require(ExitCode.Fine).Out;
        Assert.Contains("2 sessions are due by the rule reads", planned);
        Assert.Contains("1 of them stay: a call of it is not settled", planned);

        var run = (await RunAsync(book)).Require(ExitCode.Fine);
        Assert.Contains("4 rows of 1 sessions were cut", run.Out);
        Assert.DoesNotContain(book.Rows(), row => row.Contains("s-1|call", StringComparison.Ordinal));
        await RequireArchivedAsync(book);
        await book.SendAsync([.. Records.Items("s-3", 1)]);
        var said = (await book.RunAsync("verify", "--since", checkpoint)).Require(ExitCode.Fine).Out;
        Assert.Contains("archived    4 of the 4 rows of segment-000001.rows.gz", said);
        Assert.Contains("of anna and bob", said);
        (await InProcess.RunAsync("verify", "--bundle", bundle, "--key", book.Key)).Require(ExitCode.Fine);
        var later = directory.File("after.zip");
        (await book.RunAsync("export", "--bundle", later)).Require(ExitCode.Fine);
        (await InProcess.RunAsync("verify", "--bundle", later, "--key", book.Key)).Require(ExitCode.Fine);
        Assert.Contains("4 of 4", (await book.RunAsync("keep", "log")).Require(ExitCode.Fine).Out);

        // Nothing comes back by being sent again, and what goes on elsewhere does.
        var again = directory.File("again.ndjson");
        await File.WriteAllTextAsync(again, Records.Lines(Records.Items("s-1", 1)));
        var refused = await book.RunAsync("ingest", again);
        Assert.Contains("lie in an archive", refused.Out + refused.Error);
        Assert.Contains("2 rows of 1 sessions were cut", (await RunAsync(book)).Require(ExitCode.Fine).Out);
        Assert.Contains("0 rows of 0 sessions were cut", (await RunAsync(book)).Require(ExitCode.Fine).Out);
        await book.SendAsync(Open("s-4"));
        Assert.Contains("in use by", (await book.RunAsync("keep", "shrink")).Require(ExitCode.WrongUse).Error);
        await book.StopNodeAsync();
        await book.VerifyAsync(ExitCode.Fine, "--read-models");
        Assert.Contains("The journal had", (await book.RunAsync("keep", "shrink")).Require(ExitCode.Fine).Out);
        await book.VerifyAsync(ExitCode.Fine, "--read-models");

        // A backup knows what was cut, and a book of before is opened from the archive.
        (await book.RunAsync("backup", "--to", directory.File("backup"))).Require(ExitCode.Fine);
        (await InProcess.RunAsync(
            "restore", "--from", directory.File("backup"), "--without-content", "--reason", "the disk was lost", "--data",
            directory.File("restored"), "--row-key", book.PathOf("row.key"))).Require(ExitCode.Fine);
        (await InProcess.RunAsync(
            "archive", "open", Aside, "--keys-from", Keys, "--key", book.Key, "--data", directory.File("opened"), "--row-key",
            book.PathOf("row.key"))).Require(ExitCode.Fine);
    }

    [Fact]
    public async Task nothing_goes_by_the_word_of_one_person_nor_while_it_is_held_nor_by_another_archive()
    {
        await using var book = await SealedBook.StartAsync([.. Records.Items("s-1", 1)]);
        Assert.Contains("No rules of retention", (await RunAsync(book)).Require(ExitCode.Failed).Error);
        var rules = await WriteRulesAsync();
        await PersonAsync(book, "anna", "admin");
        await PersonAsync(book, "bob", "approve");
        var version = (await As(book, "anna", "keep", "adopt", rules)).Require(ExitCode.Fine).Out.Split('\t')[0];
        Assert.Contains("not confirmed", (await RunAsync(book)).Require(ExitCode.Failed).Error);
        Assert.Contains("another person", (await As(book, "anna", "keep", "confirm", version)).Require(ExitCode.Failed).Error);
        // Nor by a token that was made for it, nor by one that stands for rules whose author is gone.
        await PersonAsync(book, "eve", "approve");
        Assert.Contains("before they were adopted", (await As(book, "eve", "keep", "confirm", version)).Require(ExitCode.Failed).Error);
        await PersonAsync(book, "carol", "admin");
        (await As(book, "carol", "keep", "adopt", rules)).Require(ExitCode.Fine);
        (await book.RunAsync("token", "revoke", "carol")).Require(ExitCode.Fine);
        Assert.Contains("was revoked", (await As(book, "bob", "keep", "confirm", version)).Require(ExitCode.Failed).Error);
        (await As(book, "anna", "keep", "adopt", rules)).Require(ExitCode.Fine);
        (await As(book, "bob", "keep", "confirm", version)).Require(ExitCode.Fine);
        Assert.Contains("bob confirmed", (await As(book, "bob", "keep", "confirm", version)).Require(ExitCode.Failed).Error);
        var hold = (await book.RunAsync("hold", "--agent", "nobody", "--reason", "another case")).Require(ExitCode.Fine);
        (await book.RunAsync("hold", "--source", "admin", "--session", "s-1", "--reason", "a lawsuit")).Require(ExitCode.Fine);
        Assert.NotEmpty(hold.Out);
        var held = (await RunAsync(book)).Require(ExitCode.WrongUse);
        Assert.Contains("There is no archive", held.Error);
        Assert.Contains("the hold", held.Error);
        Assert.Contains(book.Rows(), row => row.Contains("call|", StringComparison.Ordinal));
        foreach (var (text, said) in ((string, string)[])
            [("{}", "no \"default\""), ("""{"default":"2w"}""", "\"2w\" is not accepted"), ("""{"default":"1y","defualt":"1d"}""", "defualt"), ("[", "cannot be read"), ("""{"default":"1y","classes":[{"name":"a"}]}""", "no \"keep\"")])
        {
            await File.WriteAllTextAsync(rules, text);
            Assert.Contains(said, (await book.RunAsync("keep", "adopt", rules)).Require(ExitCode.Failed).Error);
        }
    }

    [Fact]
    public async Task rows_that_somebody_took_out_of_the_file_are_found()
    {
        await using var book = await SealedBook.StartAsync([.. Records.Items("s-1", 1), .. Records.Items("s-2", 1)]);
        await AdoptAsync(book);
        (await book.RunAsync("archive", "--before", "0d", "--to", Aside)).Require(ExitCode.Fine);
        await book.StopNodeAsync();
        var row = book.Rows().First(one => one.Contains("call|", StringComparison.Ordinal)).Split('|')[0];
        Assert.Throws<SqliteException>(() => Change(book, $"DELETE FROM journal WHERE ordering = {row}"));
        Assert.Throws<SqliteException>(() => Change(book, $"INSERT INTO journal_cut VALUES ({row}, 1, 0, x'00', 1)"));
        // Whoever knows the tables has an event of another kind stand for it.
        var kept = book.Rows().Last(one => one.Contains("operator|keeping", StringComparison.Ordinal)).Split('|')[0];
        Change(book, $"INSERT INTO journal_cut SELECT ordering, sequence_number, created, zeroblob(64), {kept} FROM journal WHERE ordering = {row}");
        Change(book, $"DELETE FROM journal WHERE ordering = {row}");
        var said = await book.RunAsync("verify");
        Assert.Contains("no sealed event of a node says so", said.Require(ExitCode.VerificationFailed).Out);
    }

    [Fact]
    public async Task what_is_cut_in_part_or_otherwise_than_the_book_says_is_found()
    {
        await using var book = await SealedBook.StartAsync([.. Records.Items("s-1", 1), .. Records.Items("s-2", 1)]);
        await AdoptAsync(book);
        (await RunAsync(book)).Require(ExitCode.Fine);
        await book.SendAsync([.. Records.Items("s-3", 1)]);
        (await RunAsync(book)).Require(ExitCode.Fine);
        await ForgottenAsync(book);
        await book.StopNodeAsync();
        await book.VerifyAsync(ExitCode.Fine);
        var whole = await File.ReadAllBytesAsync(book.PathOf("journal.db"));
        foreach (var (change, said) in ((string, string)[])
            [
                ("DROP TRIGGER journal_cut_no_update; UPDATE journal_cut SET disposal = (SELECT max(disposal) FROM journal_cut) WHERE ordering = (SELECT min(ordering) FROM journal_cut)", "gone in part, or others"),
                ("DROP TRIGGER journal_cut_stream_no_delete; DELETE FROM journal_cut_stream WHERE persistence_id LIKE '%s-2|%'", "cut in part"),
                ("DROP TRIGGER journal_no_cut_stream; INSERT INTO journal SELECT max(ordering) + 1, 0, 0, (SELECT persistence_id FROM journal_cut_stream LIMIT 1), 3, x'7b7d', NULL, 7401, NULL FROM journal", "has a row in the journal"),
                ("DROP TRIGGER journal_cut_no_delete; DELETE FROM journal_cut", "nothing of them is left"),
            ])
        {
            Change(book, change);
            Assert.Contains(said, (await book.RunAsync("verify")).Require(ExitCode.VerificationFailed).Out);
            SqliteConnection.ClearAllPools();
            File.Delete(book.PathOf("journal.db-wal"));
            File.Delete(book.PathOf("journal.db-shm"));
            await File.WriteAllBytesAsync(book.PathOf("journal.db"), whole);
        }
    }

    [Fact]
    public async Task what_goes_on_after_a_cut_and_what_was_archived_without_keys_is_read_from_the_archive()
    {
        await using var book = await SealedBook.StartAsync([.. Records.Items("s-1", 1), .. Records.Items("s-2", 1)]);
        await GoOnAsync(book);
    }

    [PostgresFact]
    public async Task what_goes_on_after_a_cut_is_read_from_the_archive_of_a_database()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var book = SealedBook.On("postgres:" + database.ConnectionString);
        await book.RunNodeAsync();
        await book.SendAsync([.. Records.Items("s-1", 1), .. Records.Items("s-2", 1)]);
        await GoOnAsync(book, "--store", book.Store);
    }

    private async Task GoOnAsync(SealedBook book, params string[] more)
    {
        await AdoptAsync(book);
        // Its keys are put aside by the run that cuts it.
        (await book.RunAsync(["archive", "--before", "0d", "--to", Aside, .. more])).Require(ExitCode.Fine);
        Assert.Contains("4 rows of 2 sessions were cut", (await RunAsync(book, more)).Require(ExitCode.Fine).Out);
        // At once, while the keys end, and later.
        await book.SendAsync([.. Call("s-1", "soon")]);
        await ForgottenAsync(book);
        await book.SendAsync([.. Call("s-1", "later")]);
        (await book.RunAsync(["verify", .. more])).Require(ExitCode.Fine);
        // Read models and index know what came since, and nothing of what was cut.
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            var found = (await book.RunAsync("search", "tool:read_file")).Require(ExitCode.Fine).Out;
            Assert.DoesNotContain("call-0", found);
            if (found.Contains("later", StringComparison.Ordinal))
            {
                break;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), found);
        }

        Assert.Contains("4 rows of 1 sessions were cut", (await RunAsync(book, more)).Require(ExitCode.Fine).Out);
        await ForgottenAsync(book);
        // A backup that has its keys there takes none of them away.
        (await book.RunAsync(["backup", "--to", directory.File("backup"), "--keys-to", Keys, .. more])).Require(ExitCode.Fine);
        (await book.RunAsync(["verify", .. more])).Require(ExitCode.Fine);
        var calls = await OpenedCallsAsync(book, "opened");
        Assert.Equal(["s-1/call-0", "s-1/later", "s-1/soon", "s-2/call-0"], calls);
    }

    [Fact]
    public async Task what_is_erased_after_it_was_cut_is_not_read_from_the_archive_and_the_rest_is()
    {
        await using var book = new SealedBook();
        await book.RunNodeAsync();
        var host = (await book.RunAsync("token", "create", "host", "--role", "ingest", "--source", "host", "--person", "none")).Require(ExitCode.Fine);
        await File.WriteAllTextAsync(directory.File("host"), host.OutLines[0].Trim());
        await PersonAsync(book, "carol", "approve");
        await AdoptAsync(book);
        var items = directory.File("items.ndjson");
        await File.WriteAllTextAsync(items, Records.Lines([.. Records.Items("s-1", 2), .. Records.Items("s-2", 1)]));
        (await As(book, "host", "ingest", items)).Require(ExitCode.Fine);
        // Sealed, and read.
        await book.SendAsync(Open("s-9"));
        Assert.Contains("6 rows of 2 sessions were cut", (await RunAsync(book)).Require(ExitCode.Fine).Out);
        await ForgottenAsync(book);
        Assert.Equal(["s-1/call-0", "s-1/call-1", "s-2/call-0"], await OpenedCallsAsync(book, "before"));

        await EraseAsync(book, "s-1", "--call", "call-0");
        Assert.Equal(["s-1/call-1", "s-2/call-0"], await OpenedCallsAsync(book, "between"));
        await EraseAsync(book, "s-2");
        Assert.Equal(["s-1/call-1"], await OpenedCallsAsync(book, "after"));
        (await book.RunAsync("verify")).Require(ExitCode.Fine);
        // A place of keys that is away is said to be pending.
        Directory.Move(Keys, Keys + "-away");
        await EraseAsync(book, "s-1");
        Assert.Contains(Keys, (await book.RunAsync("erase")).Require(ExitCode.Fine).Out);
    }

    [Fact]
    public async Task a_file_lets_nothing_go_that_is_held_or_went_on_meanwhile_or_is_not_what_the_event_names()
    {
        await using var book = await SealedBook.StartAsync([.. Records.Items("s-1", 1)]);
        await RequireRefusedAsync(book);
    }

    [PostgresFact]
    public async Task a_database_lets_nothing_go_that_is_held_or_went_on_meanwhile_or_is_not_what_the_event_names()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var book = SealedBook.On("postgres:" + database.ConnectionString);
        await book.RunNodeAsync();
        await book.SendAsync([.. Records.Items("s-1", 1)]);
        await RequireRefusedAsync(book, "--store", book.Store);
    }

    private async Task RequireRefusedAsync(SealedBook book, params string[] more)
    {
        var version = await AdoptAsync(book);
        (await book.RunAsync(["archive", "--before", "0d", "--to", Aside, "--keys-to", Keys, .. more])).Require(ExitCode.Fine);
        using var client = new HttpClient { BaseAddress = book.Url };
        client.DefaultRequestHeaders.Authorization = new("Bearer", (await File.ReadAllTextAsync(book.TokenFile)).Trim());
        var keys = RowKeys.Open(book.PathOf("row.key"), isNewStore: false);
        var (segment, entries) = (
            ArchiveSegment.ReadAll(Aside)[0], await StoreMeta.EntryKeysAsync(book.Store, keys, default));
        var other = new DisposalOf(segment, version, Aside);
        // The digest of a segment that nobody archived, and rules that nobody confirmed.
        Assert.Contains("knows of no segment", await PostAsync(client, other with { Sha256 = new string('0', 64) }));
        Assert.Contains("once another person confirmed", await PostAsync(client, other with { Version = "0" }));

        var stranger = long.Parse(await PostAsync(client, other with { Leaves = new string('1', 64) }));
        Assert.Contains(book.Store.StartsWith("sqlite") ? "No event at position" : "not the one that the event names", await CutAsync(_ => Task.FromResult(stranger)));
        // A key that is not where it should be.
        var none = directory.File("no-keys");
        (await book.RunAsync(["archive", "--before", "2000-01-01", "--to", directory.File("nothing"), "--keys-to", none, .. more])).Require(ExitCode.Fine);
        Assert.Contains("the key of its content is not in", await CutAsync(_ => throw new InvalidOperationException("asked"), ArchiveKeys.Read(none, keys)));
        // It goes on at the last moment.
        Assert.Contains(book.Store.StartsWith("sqlite") ? "not all of it is sealed" : "have other rows by now", await CutAsync(async digests =>
        {
            await book.SendAsync([.. Call("s-1", "late")]);
            return long.Parse(await PostAsync(client, Of(digests)));
        }));
        (await book.RunAsync(["archive", "--before", "0d", "--to", Aside, "--keys-to", Keys, .. more])).Require(ExitCode.Fine);
        segment = ArchiveSegment.ReadAll(Aside)[^1];
        // Its end is written down, whatever was cut by it.
        Assert.Contains("is written down as ended", await CutAsync(async digests =>
        {
            var position = long.Parse(await PostAsync(client, Of(digests)));
            (await client.PostAsJsonAsync(new Uri($"/v1/disposals/{position}/done", UriKind.Relative), new { })).EnsureSuccessStatusCode();
            return position;
        }));
        // The rules of which the book says that it goes by them are for older rows.
        var later = await AdoptFileAsync("""{"default": "1d"}""");
        Assert.Contains("younger", await CutAsync(async digests => long.Parse(await PostAsync(client, Of(digests) with { Version = later }))));
        Assert.Equal(version, await AdoptFileAsync(Rules));
        // It is held at the last moment.
        Assert.Contains("hold", await CutAsync(async digests =>
        {
            var position = long.Parse(await PostAsync(client, Of(digests)));
            (await book.RunAsync("hold", "--source", "admin", "--session", "s-1", "--reason", "a lawsuit")).Require(ExitCode.Fine);
            return position;
        }));
        (await book.RunAsync(["verify", .. more])).Require(ExitCode.Fine);
        Assert.Contains("s-1", (await book.RunAsync("show", "s-1")).Require(ExitCode.Fine).Out);
        if (!book.Store.StartsWith("sqlite"))
        {
            // A database knows no agents: a hold over one stands over all, and is asked for before anything is written down.
            await book.SendAsync([.. Records.Items("s-2", 1)]);
            (await book.RunAsync(["archive", "--before", "0d", "--to", Aside, "--keys-to", Keys, .. more])).Require(ExitCode.Fine);
            segment = ArchiveSegment.ReadAll(Aside)[^1];
            (await book.RunAsync("hold", "--agent", "nobody", "--reason", "another case")).Require(ExitCode.Fine);
            Assert.Contains("names no source", await CutAsync(_ => throw new InvalidOperationException("asked")));
        }

        async Task<string> AdoptFileAsync(string text)
        {
            var file = directory.File("rules.json");
            await File.WriteAllTextAsync(file, text);
            var adopted = (await As(book, "anna", "keep", "adopt", file)).Require(ExitCode.Fine).Out.Split('\t')[0];
            (await As(book, "bob", "keep", "confirm", adopted)).Require(ExitCode.Fine);
            return adopted;
        }

        DisposalOf Of(SegmentDigests digests) => other with
        {
            Segment = digests.Name, Sha256 = digests.Segment.Sha256, Rows = digests.Segment.Rows.Rows, Leaves = digests.Leaves, Parts = digests.PartsSha256,
        };

        async Task<string> CutAsync(Func<SegmentDigests, Task<long>> order, ArchiveKeys? aside = null)
        {
            try
            {
                var run = await Disposal.CutAsync(
                    book.Store, Aside, segment, entries, aside, Retention.Parse(Rules), DateTimeOffset.UtcNow, order, null, default);
                Assert.Equal(0, run.Rows);
                return string.Join('\n', run.Stayed);
            }
            catch (StoreException refused)
            {
                return refused.Message;
            }
        }
    }

    [Fact]
    public async Task a_run_that_ended_between_archive_and_cut_is_gone_on_with_and_an_edited_archive_cuts_nothing()
    {
        await using var book = await SealedBook.StartAsync([.. Records.Items("s-1", 1)]);
        await AdoptAsync(book);
        (await book.RunAsync("archive", "--before", "0d", "--to", Aside, "--keys-to", Keys)).Require(ExitCode.Fine);
        var rows = Path.Combine(Aside, "segment-000001.rows.gz");
        var whole = await File.ReadAllBytesAsync(rows);
        await File.WriteAllBytesAsync(rows, [.. whole, 1]);
        Assert.Contains("Nothing was cut", (await RunAsync(book)).Require(ExitCode.VerificationFailed).Error);
        await File.WriteAllBytesAsync(rows, whole);
        var said = (await RunAsync(book)).Require(ExitCode.Fine).Out;
        Assert.Contains("0 sessions with 0 rows", said);
        Assert.Contains("2 rows of 1 sessions were cut", said);
        Assert.Single(Directory.GetFiles(Aside, "*.note"));
    }

    [PostgresFact]
    public async Task a_database_cuts_by_its_own_function_what_the_event_names()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var book = SealedBook.On("postgres:" + database.ConnectionString);
        await book.RunNodeAsync();
        await book.SendAsync([.. Records.Items("s-1", 2), Open("s-2")]);
        await AdoptAsync(book);
        Assert.Contains("4 rows of 1 sessions were cut", (await RunAsync(book, "--store", book.Store)).Require(ExitCode.Fine).Out);
        await RequireArchivedAsync(book);
        var again = directory.File("again.ndjson");
        await File.WriteAllTextAsync(again, Records.Lines(Records.Items("s-1", 100)));
        var refused = await book.RunAsync("ingest", again);
        Assert.Contains("lie in an archive", refused.Out + refused.Error);
        await book.SendAsync([.. Records.Items("s-3", 1)]);
        var said = (await book.RunAsync("verify", "--store", book.Store)).Require(ExitCode.Fine).Out;
        Assert.Contains("archived    4 of the 4 rows", said);
        Assert.Contains("VACUUM (FULL) journal", (await book.RunAsync("keep", "shrink", "--store", book.Store)).Require(ExitCode.WrongUse).Error);
    }

    public void Dispose()
    {
        SqliteConnection.ClearAllPools();
        directory.Dispose();
    }

    private sealed record DisposalOf(string Segment, string Sha256, long Rows, string Leaves, string Parts, string Version, string To)
    {
        public DisposalOf(ArchiveSegment segment, string version, string to)
            : this(ArchiveSegment.RowsName(segment.Number), segment.Sha256, segment.Rows.Rows, new string('0', 64), new string('0', 64), version, to)
        {
        }
    }

    /// <summary>The position of the event, or why there is none.</summary>
    private static async Task<string> PostAsync(HttpClient client, DisposalOf disposal)
    {
        using var answer = await client.PostAsJsonAsync(new Uri("/v1/disposals", UriKind.Relative), new
        {
            segment = disposal.Segment, sha256 = disposal.Sha256, rows = disposal.Rows, leaves = disposal.Leaves, parts = disposal.Parts,
            version = disposal.Version, to = disposal.To,
        });
        using var said = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return answer.IsSuccessStatusCode
            ? said.RootElement.GetProperty("position").GetRawText() : said.RootElement.GetProperty("detail").GetString()!;
    }

    /// <summary>By three persons, at once; waits until a node has carried it out.</summary>
    private async Task EraseAsync(SealedBook book, string session, params string[] more)
    {
        var asked = (await As(book, "anna", ["erase", session, "--source", "host", "--reason", "asked for", .. more])).Require(ExitCode.Fine);
        var id = asked.Out.Split('\t')[0].Trim();
        (await As(book, "bob", "erase", "--confirm", id)).Require(ExitCode.Fine);
        (await As(book, "carol", "erase", "--confirm", id, "--now")).Require(ExitCode.Fine);
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            var line = (await book.RunAsync("erase")).Require(ExitCode.Fine).OutLines.Single(one => one.Contains(id, StringComparison.Ordinal));
            if (line.Contains("erased", StringComparison.Ordinal))
            {
                return;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), line);
        }
    }

    /// <summary>Opens the archive as a book of its own, and says of which calls the input can be read there.</summary>
    private async Task<IReadOnlyList<string>> OpenedCallsAsync(SealedBook book, string name)
    {
        var data = directory.File(name);
        (await InProcess.RunAsync(
            "archive", "open", Aside, "--keys-from", Keys, "--key", book.Key, "--data", data, "--row-key", book.PathOf("row.key"))).Require(ExitCode.Fine);
        File.Copy(book.PathOf("row.key"), Path.Combine(data, "row.key"));
        await using var node = await InProcess.ServeAsync(data);
        return
        [
            .. (await InProcess.RunAsync("export", "--format", "ndjson", "--data", data)).Require(ExitCode.Fine).OutLines
                .Where(line => line.Contains("/tmp/x", StringComparison.Ordinal))
                .Select(line => $"{Member(line, "session_id")}/{Member(line, "tool_call_id")}")
                .Distinct().Order(StringComparer.Ordinal),
        ];
    }

    private static string Member(string line, string name) =>
        System.Text.RegularExpressions.Regex.Match(line, $"\"{name}\":\"([^\"]+)\"").Groups[1].Value;

    /// <summary>Waits until the keys of what was cut have ended, and read models and index know of none of it.</summary>
    private static async Task ForgottenAsync(SealedBook book)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(100))
        {
            var acts = (await book.RunAsync("export", "--format", "ndjson")).Require(ExitCode.Fine).OutLines;
            // What comes close together is forgotten in one go.
            if (Last("rows.cut", "position") is > 0 and var end && Last("rows.keys_ended", "through") >= end
                && Last("rows.forgotten", "through") >= end)
            {
                return;
            }

            long Last(string act, string number) => acts.Where(line => line.Contains($"\"{act}\"", StringComparison.Ordinal))
                .Select(line => System.Text.RegularExpressions.Regex.Match(line, $"\"{number}\":(\\d+)"))
                .Max(found => found.Success ? long.Parse(found.Groups[1].Value) : (long?)null) ?? 0;

            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), "What was cut is not forgotten.");
        }
    }

    private static IEnumerable<string> Call(string session, string call) =>
        from record in new[] { Records.Requested(call), Records.Completed(call) }
        select $$"""{"session_id":"{{session}}","record":{{record}}}""";

    private static string Open(string session) => $$"""{"session_id":"{{session}}","record":{{Records.Requested("open")}}}""";

    private static void Change(SealedBook book, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={book.PathOf("journal.db")};Pooling=False");
        connection.Open();
        using var command = new SqliteCommand(sql, connection);
        command.ExecuteNonQuery();
    }

    private async Task<string> WriteRulesAsync()
    {
        var file = directory.File("retention.json");
        await File.WriteAllTextAsync(file, Rules);
        Assert.Contains("reads: 0 days, tool read_*", (await InProcess.RunAsync("keep", "check", file)).Require(ExitCode.Fine).Out);
        return file;
    }

    private async Task<string> AdoptAsync(SealedBook book)
    {
        var rules = await WriteRulesAsync();
        await PersonAsync(book, "anna", "admin");
        await PersonAsync(book, "bob", "approve");
        var version = (await As(book, "anna", "keep", "adopt", rules)).Require(ExitCode.Fine).Out.Split('\t')[0];
        Assert.Contains("confirmed by bob", (await As(book, "bob", "keep", "confirm", version)).Require(ExitCode.Fine).Out);
        return version;
    }

    private async Task PersonAsync(SealedBook book, string name, string role)
    {
        var made = (await book.RunAsync("token", "create", name, "--role", role, "--person", name)).Require(ExitCode.Fine);
        await File.WriteAllTextAsync(directory.File(name), made.OutLines[0].Trim());
    }

    private Task<CommandResult> As(SealedBook book, string name, params string[] args) =>
        book.RunAsync([.. args, "--token-file", directory.File(name)]);

    private Task<CommandResult> RunAsync(SealedBook book, params string[] more) =>
        book.RunAsync(["keep", "run", "--to", Aside, "--keys-to", Keys, .. more]);

    private static async Task RequireArchivedAsync(SealedBook book)
    {
        for (var clock = Stopwatch.StartNew(); ; await Task.Delay(50))
        {
            var said = (await book.RunAsync("show", "s-1")).Error;
            if (said.Contains("archived in segment segment-000001", StringComparison.Ordinal))
            {
                return;
            }

            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(2), said);
        }
    }
}
