using System.Diagnostics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Audit.Integrity.Keeping;
using Audit.Integrity.Rows;
using Audit.Integrity.Storage;
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
        await UntilAsync("the index has what came since", async () =>
        {
            var found = (await book.RunAsync("search", "tool:read_file")).Require(ExitCode.Fine).Out;
            Assert.DoesNotContain("call-0", found);
            return found.Contains("later", StringComparison.Ordinal);
        });
        // What is shown of it is not all that there was.
        Assert.Contains("Rows of it were cut on", (await book.RunAsync("show", "s-1")).Require(ExitCode.Fine).Out);

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
        // Who asks for it without its source is shown another's, and told that there was this one.
        await book.SendAsync([.. Call("s-1", "live")]);
        await PersonAsync(book, "rita", "read");
        Assert.Contains("that another source reported were cut on", (await As(book, "rita", "show", "s-1")).Require(ExitCode.Fine).Out);
        Assert.DoesNotContain("were cut on", (await As(book, "rita", "show", "s-1", "--source", "admin")).Require(ExitCode.Fine).Out);

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
        await AdoptAsync(book);
        await ArchiveAsync(book, more);
        var keys = RowKeys.Open(book.PathOf("row.key"), isNewStore: false);
        // A key that is not where it should be.
        var none = directory.File("no-keys");
        (await book.RunAsync(["archive", "--before", "2000-01-01", "--to", directory.File("nothing"), "--keys-to", none, .. more])).Require(ExitCode.Fine);
        Assert.Contains("the key of its content is not in", await CutAsync(book, new BookDouble(book), ArchiveKeys.Read(none, keys)));
        // It goes on at the last moment: nothing is due by the time at which this run looked.
        Assert.Contains("it is not due by the rules", await CutAsync(book, new BookDouble(book)
        {
            Ordered = () => book.SendAsync([.. Call("s-1", "late")]),
        }));
        await ArchiveAsync(book, more);
        // It is held at the last moment; what is held when it is asked for is not even written down.
        Assert.Contains("the hold", await CutAsync(book, new BookDouble(book)
        {
            Ordered = async () => (await book.RunAsync("hold", "--source", "admin", "--session", "s-1", "--reason", "a lawsuit")).Require(ExitCode.Fine),
        }));
        Assert.Contains("the hold", await CutAsync(book, new BookDouble(book) { Ordered = () => throw new InvalidOperationException("ordered") }));
        (await book.RunAsync(["verify", .. more])).Require(ExitCode.Fine);
        Assert.Contains("s-1", (await book.RunAsync("show", "s-1")).Require(ExitCode.Fine).Out);

        // Nothing goes while the log is halted, whenever that came.
        await book.SendAsync([.. Records.Items("s-3", 1)]);
        await ArchiveAsync(book, more);
        Assert.Contains("The log is halted", await CutAsync(book, new BookDouble(book) { Ordered = () => HaltAsync(book) }));
        Assert.Contains("The log is halted", await CutAsync(book, new BookDouble(book)));
        Assert.Contains("s-3", (await book.RunAsync("show", "s-3")).Require(ExitCode.Fine).Out);
    }

    [Fact]
    public async Task a_node_believes_nobody_who_says_what_goes_or_what_is_gone()
    {
        await using var book = await SealedBook.StartAsync([.. Records.Items("s-1", 1), .. Records.Items("s-2", 1), Open("s-3")]);
        var version = await AdoptAsync(book);
        await ArchiveAsync(book);
        await PersonAsync(book, "carol", "admin");
        using var client = Client(book);
        object? order = null;
        var rows = new NamedRows();
        // What a run would say, and is not said.
        await Assert.ThrowsAsync<BrokenOff>(() => CutAsync(book, new BookDouble(book)
        {
            Ordering = (said, named) =>
            {
                (order, rows) = (said, named);
                throw new BrokenOff();
            },
        }));
        var said = JsonSerializer.SerializeToNode(order)!.AsObject();
        foreach (var (name, value, sentence) in ((string, object, string)[])
            [
                ("sha256", new string('0', 64), "knows of no segment"), ("version", "0", "once another person confirmed"),
                ("leaves", new string('1', 64), "are not those of the digest"), ("parts", new string('1', 64), "are not those of the digest"),
                ("rows", 3, "are not those of the digest"), ("sessions", new[] { "notes|admin|s-3" }, "a call of it is not settled"),
                ("sessions", new[] { "notes|admin|s-1" }, "are not those of the digest"), ("sessions", new[] { "notes|admin|s-9" }, "There is no session"),
                ("sessions", new[] { "notes|admin|s-1", "notes|admin|s-1" }, "once"), ("chosen", "?", "not Base64"),
            ])
        {
            var other = said.DeepClone().AsObject();
            other[name] = JsonSerializer.SerializeToNode(value);
            Assert.Contains(sentence, await PostAsync(client, "/v1/disposals", other));
        }

        // By the same rules of somebody who has yet to be confirmed, and while it is held.
        (await book.RunAsync("hold", "--source", "admin", "--session", "s-2", "--reason", "a lawsuit")).Require(ExitCode.Fine);
        Assert.Contains("the hold", await PostAsync(client, "/v1/disposals", said));
        await LiftAsync(book);
        (await As(book, "anna", "keep", "adopt", directory.File("retention.json"))).Require(ExitCode.Fine);
        Assert.Contains("once another person confirmed", await PostAsync(client, "/v1/disposals", said));
        (await As(book, "bob", "keep", "confirm", version)).Require(ExitCode.Fine);

        var position = await PostAsync(client, "/v1/disposals", said);
        Assert.Contains("has no end yet", await PostAsync(client, "/v1/disposals", said));
        var (path, all) = ($"/v1/disposals/{position}/done", Convert.ToBase64String(rows.Leaves.Bytes.Span));
        var nothing = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData([]));
        Assert.Contains("it is under way, or others are gone", await PostAsync(client, path, new { cut = rows.Leaves.Digest(), leaves = all }));
        Assert.Contains("are not those that the disposal", await PostAsync(client, path, new { cut = nothing, leaves = Convert.ToBase64String(new byte[32]) }));
        Assert.Contains("not Base64", await PostAsync(client, path, new { cut = nothing, leaves = "?" }));
        Assert.Contains("larger than the", await PostAsync(client, path, new { cut = nothing, leaves = new string('A', 31 << 20) }));
        Assert.Contains("There is no disposal 1", await PostAsync(client, "/v1/disposals/1/done", new { cut = nothing, leaves = all }));

        Assert.Contains("4 rows of 2 sessions were cut", (await RunAsync(book)).Require(ExitCode.Fine).Out);
        // Who asks again is told where it stands; nobody ends it otherwise.
        var end = await PostAsync(client, path, new { cut = rows.Leaves.Digest(), leaves = all });
        Assert.Equal(end, await PostAsync(client, path, new { cut = rows.Leaves.Digest(), leaves = all }));
        Assert.Contains("is written down, with the digest", await PostAsync(client, path, new { cut = nothing, leaves = all }));
        Assert.Single(await ActsAsync(book), line => line.Contains("\"rows.cut\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task a_run_that_is_killed_anywhere_is_gone_on_with_to_the_same_end()
    {
        await using var book = await SealedBook.StartAsync(Many());
        await BreakOffAsync(book);
    }

    [PostgresFact]
    public async Task a_run_over_a_database_that_is_killed_anywhere_is_gone_on_with_to_the_same_end()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var book = SealedBook.On("postgres:" + database.ConnectionString);
        await book.RunNodeAsync();
        await book.SendAsync(Many());
        await BreakOffAsync(book, "--store", book.Store);
    }

    /// <summary>More than go in one part, and what stays.</summary>
    private static string[] Many() =>
        [.. Enumerable.Range(0, 160).SelectMany(number => Records.Items($"s-{number + 1000}", 1)), Open("s-1")];

    private async Task BreakOffAsync(SealedBook book, params string[] more)
    {
        await AdoptAsync(book);
        await ArchiveAsync(book, more);
        // When it was written down, before anything went.
        await Assert.ThrowsAsync<BrokenOff>(() => CutAsync(book, new BookDouble(book) { Ordered = () => throw new BrokenOff() }));
        (await book.RunAsync(["verify", .. more])).Require(ExitCode.Fine);
        // In the middle: what is gone is not all that was named, and only the archive shows that it was some of it.
        await Assert.ThrowsAsync<BrokenOff>(() => CutAsync(
            book, new BookDouble(book) { Ordering = (_, _) => throw new InvalidOperationException("ordered again") }, progress: new Breaking()));
        var torn = (await book.RunAsync(["verify", .. more])).Require(ExitCode.VerificationFailed).Out;
        Assert.Contains("rows are gone of the 320 that the event", torn);
        Assert.Contains("--archive DIR", torn);
        var held = (await book.RunAsync(["verify", "--read-models", "--archive", Aside, .. more])).Require(ExitCode.Fine).Out;
        Assert.Contains("of the 320 rows of segment-000001.rows.gz", held);
        Assert.Contains("its end is not written down yet", held);
        // All is gone, and nobody said so: that is what was named.
        await Assert.ThrowsAsync<BrokenOff>(() => CutAsync(book, new BookDouble(book) { Ending = () => throw new BrokenOff() }));
        (await book.RunAsync(["verify", .. more])).Require(ExitCode.Fine);
        Assert.DoesNotContain("rows.cut", string.Concat(await ActsAsync(book)));
        // It was said, and the node ended at once: the next one ends the keys.
        Assert.Contains("0 rows of 0 sessions were cut", (await RunAsync(book, more)).Require(ExitCode.Fine).Out);
        await book.StopNodeAsync();
        await book.RunNodeAsync();
        await ForgottenAsync(book);
        Assert.Contains("320 of 320", (await book.RunAsync("keep", "log")).Require(ExitCode.Fine).Out);
        var whole = (await book.RunAsync(["verify", "--read-models", "--archive", Aside, .. more])).Require(ExitCode.Fine).Out;
        Assert.Contains("archived    320 of the 320 rows", whole);
        Assert.DoesNotContain("is not written down", whole);
        Assert.Single(await ActsAsync(book), line => line.Contains("\"rows.disposed\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task while_a_run_is_broken_off_nothing_else_can_be_made_to_look_cut_by_it()
    {
        await using var book = await SealedBook.StartAsync([.. Records.Items("s-0", 1)]);
        await AdoptAsync(book);
        (await RunAsync(book)).Require(ExitCode.Fine);
        await ForgottenAsync(book);
        await book.SendAsync(Many());
        await ArchiveAsync(book);
        await Assert.ThrowsAsync<BrokenOff>(() => CutAsync(book, new BookDouble(book), progress: new Breaking(), number: 1));
        // A row that the first disposal names is put to the second, which has no end.
        await book.StopNodeAsync();
        var (first, second) = (Number(book, "SELECT min(disposal) FROM journal_cut"), Number(book, "SELECT max(disposal) FROM journal_cut"));
        Assert.NotEqual(first, second);
        Change(book, "DROP TRIGGER journal_cut_no_update");
        Change(book, $"UPDATE journal_cut SET disposal = {second} WHERE disposal = {first}");
        Assert.Contains(
            "are not in the archive's",
            (await book.RunAsync("verify", "--archive", Aside)).Require(ExitCode.VerificationFailed).Out);
        await book.RunNodeAsync();
        Assert.Contains("are not among those that it names", (await RunAsync(book)).Require(ExitCode.WrongUse).Error);
        Assert.Single(await ActsAsync(book), line => line.Contains("\"rows.cut\"", StringComparison.Ordinal));
        // What that run finished before it is said as ended.
        await book.SendAsync([.. Records.Items("s-9", 1)]);
        Assert.Contains("are not among those that it names", (await RunAsync(book)).Require(ExitCode.WrongUse).Error);
        Assert.Equal(2, (await ActsAsync(book)).Count(line => line.Contains("\"rows.cut\"", StringComparison.Ordinal)));
        Assert.DoesNotContain(book.Rows(), row => row.Contains("|s-9|call-0", StringComparison.Ordinal));
    }

    [Fact]
    public async Task thousands_of_sessions_and_rows_go_by_one_event_and_are_ended_by_one()
    {
        // More names than the body of another act may have, and more hashes of rows.
        var tail = new string('x', 40);
        await using var book = await SealedBook.StartAsync(
            [.. Enumerable.Range(0, 2_100).SelectMany(number => Records.Items($"s-{number}-{tail}", 1))]);
        await AdoptAsync(book);
        Assert.Contains("4200 rows of 2100 sessions were cut", (await RunAsync(book)).Require(ExitCode.Fine).Out);
        Assert.Contains("4200 of 4200", (await book.RunAsync("keep", "log")).Require(ExitCode.Fine).Out);
        await ForgottenAsync(book);
    }

    [Fact]
    public async Task a_window_that_is_asked_for_while_a_run_goes_on_keeps_the_sessions_of_its_task()
    {
        await using var book = await SealedBook.StartAsync(
            [.. Many()[..^1].Select(line => line.Replace("\"record\":", "\"task_id\":\"migrate\",\"record\":", StringComparison.Ordinal))]);
        await AdoptAsync(book);
        await ArchiveAsync(book);
        using var client = Client(book);
        var said = new BookDouble(book) { Version = Retention.Parse(Rules).Version };
        var run = await Disposal.CutAsync(
            book.Store, Aside, ArchiveSegment.ReadAll(Aside)[^1],
            await StoreMeta.EntryKeysAsync(book.Store, RowKeys.Open(book.PathOf("row.key"), isNewStore: false), default), null,
            Retention.Parse(Rules), DateTimeOffset.UtcNow, said, new Asking(client), default);
        // The first part had gone by then.
        Assert.Equal((150, 300), (run.Sessions, run.Rows));
        Assert.Equal(10, run.Stayed.Count);
        Assert.All(run.Stayed, one => Assert.Equal("a window of its task migrate is open or asked for", one.Why));
        Assert.Contains("300 of 320", (await book.RunAsync("keep", "log")).Require(ExitCode.Fine).Out);
        (await book.RunAsync("verify")).Require(ExitCode.Fine);
    }

    [Fact]
    public async Task read_models_of_what_stays_are_compared_while_what_was_cut_stands_in_them()
    {
        await using var book = await SealedBook.StartAsync([.. Records.Items("s-1", 2), Open("s-2")]);
        await AdoptAsync(book);
        await ArchiveAsync(book);
        await Assert.ThrowsAsync<BrokenOff>(() => CutAsync(book, new BookDouble(book) { Ending = () => throw new BrokenOff() }));
        await book.StopNodeAsync();
        // They have what was cut still, and may.
        (await book.RunAsync("verify", "--read-models")).Require(ExitCode.Fine);
        using (var models = new SqliteConnection($"Data Source={book.PathOf("journal-read.db")};Pooling=False"))
        {
            models.Open();
            using var change = new SqliteCommand("UPDATE calls SET tool = 'write_file' WHERE call_id = 'open'", models);
            Assert.Equal(1, change.ExecuteNonQuery());
        }

        Assert.Contains("The row of calls", (await book.RunAsync("verify", "--read-models")).Require(ExitCode.VerificationFailed).Out);
    }

    [PostgresFact]
    public async Task keys_end_also_where_no_node_feeds_the_read_models()
    {
        await using var database = await PostgresServer.CreateDatabaseAsync();
        await using var book = SealedBook.On("postgres:" + database.ConnectionString);
        await book.RunNodeAsync();
        await book.SendAsync([.. Records.Items("s-1", 2)]);
        await AdoptAsync(book);
        await ArchiveAsync(book, "--store", book.Store);
        await Assert.ThrowsAsync<BrokenOff>(() => CutAsync(book, new BookDouble(book) { Ending = () => throw new BrokenOff() }));
        await book.StopNodeAsync();
        await using var another = new Npgsql.NpgsqlConnection(database.ConnectionString);
        await another.OpenAsync();
        await using (var lead = new Npgsql.NpgsqlCommand("SELECT pg_advisory_lock(7401, 11)", another))
        {
            await lead.ExecuteNonQueryAsync();
        }

        await book.RunNodeAsync();
        (await RunAsync(book, "--store", book.Store)).Require(ExitCode.Fine);
        await UntilAsync("the keys have ended", async () => await CountAsync("rows.keys_ended") > 0);
        Assert.Equal(0, await CountAsync("rows.forgotten"));
        await another.CloseAsync();
        await UntilAsync("what was cut is forgotten", async () => await CountAsync("rows.forgotten") > 0);

        async Task<long> CountAsync(string act)
        {
            await using var connection = new Npgsql.NpgsqlConnection(database.ConnectionString);
            await connection.OpenAsync();
            await using var command = new Npgsql.NpgsqlCommand(
                $"SELECT count(*) FROM journal WHERE persistence_id = 'operator|keeping' AND position(convert_to('\"{act}\"', 'UTF8') IN message) > 0",
                connection);
            return (long)(await command.ExecuteScalarAsync())!;
        }
    }

    [Fact]
    public async Task a_bundle_of_a_session_that_went_on_after_a_cut_verifies_and_says_what_is_cut()
    {
        await using var book = await SealedBook.StartAsync(
            [.. Records.Items("s-1", 2), """{"session_id":"s-1","note":{"type":"session_ended","at":"2026-11-20T15:00:00Z","detail":{}}}"""]);
        await UntilAsync("it is sealed what the session held", () => Task.FromResult(
            book.Rows().Any(row => row.Contains("operator|contents|admin|s-1", StringComparison.Ordinal))));
        await book.SendAsync(Open("s-2"));
        var before = directory.File("before.zip");
        (await book.RunAsync("export", "--bundle", before, "--session", "s-1")).Require(ExitCode.Fine);
        await AdoptAsync(book);
        Assert.Contains("5 rows of 1 sessions were cut", (await RunAsync(book)).Require(ExitCode.Fine).Out);
        await ForgottenAsync(book);
        await book.SendAsync([.. Call("s-1", "later")]);
        var after = directory.File("after.zip");
        (await book.RunAsync("export", "--bundle", after, "--session", "s-1")).Require(ExitCode.Fine);

        Assert.DoesNotContain("cut", (await BundleAsync(before)).Require(ExitCode.Fine).Out);
        var said = (await BundleAsync(after)).Require(ExitCode.Fine).Out;
        Assert.Contains("archived    5 of the 5 rows of segment-000001.rows.gz", said);
        Assert.Contains("5 rows in 2 calls; 5 rows were cut, and are in an archive", said);
        // Of a whole book, too; and nobody leaves out more, as one that was cut.
        var all = directory.File("all.zip");
        (await book.RunAsync("export", "--bundle", all)).Require(ExitCode.Fine);
        Assert.Contains("archived    5 of the 5 rows", (await BundleAsync(all)).Require(ExitCode.Fine).Out);
        foreach (var bundle in (string[])[after, all])
        {
            var taken = TakeOut(bundle, "|later");
            var text = (await BundleAsync(taken)).Require(ExitCode.VerificationFailed).Out;
            Assert.Contains("6 rows were cut by the event", text);
        }

        Task<CommandResult> BundleAsync(string path) => InProcess.RunAsync("verify", "--bundle", path, "--key", book.Key);
    }

    /// <summary>Leaves one row out of a bundle, and says that it was cut.</summary>
    private static string TakeOut(string bundle, string stream)
    {
        var path = Path.ChangeExtension(bundle, ".less.zip");
        File.Copy(bundle, path);
        using var files = System.IO.Compression.ZipFile.Open(path, System.IO.Compression.ZipArchiveMode.Update);
        var rows = Read("rows.ndjson").Split('\n');
        var one = rows.First(row => row.Contains($"{stream}\"", StringComparison.Ordinal));
        Write("rows.ndjson", string.Join('\n', rows.Where(row => row != one)));
        var cut = System.Text.Json.Nodes.JsonNode.Parse(Read("cut.json"))!;
        cut[0]!["entries"]!.AsArray().Add(JsonDocument.Parse(one).RootElement.GetProperty("index").GetInt64());
        Write("cut.json", cut.ToJsonString());
        return path;

        string Read(string name)
        {
            using var reader = new StreamReader(files.GetEntry(name)!.Open());
            return reader.ReadToEnd();
        }

        void Write(string name, string text)
        {
            files.GetEntry(name)!.Delete();
            using var writer = new StreamWriter(files.CreateEntry(name).Open());
            writer.Write(text);
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

    private static async Task<string> PostAsync(HttpClient client, string path, object body)
    {
        using var answer = await client.PostAsJsonAsync(new Uri(path, UriKind.Relative), body);
        using var said = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        Assert.InRange((int)answer.StatusCode, 200, 499);
        return answer.IsSuccessStatusCode
            ? said.RootElement.GetProperty("position").GetRawText() : said.RootElement.GetProperty("detail").GetString()!;
    }

    private static HttpClient Client(SealedBook book)
    {
        var client = new HttpClient { BaseAddress = book.Url, Timeout = TimeSpan.FromMinutes(5) };
        client.DefaultRequestHeaders.Authorization = new("Bearer", File.ReadAllText(book.TokenFile).Trim());
        return client;
    }

    /// <summary>Says to the node what a run says, and does what a test has it do before or after.</summary>
    private sealed class BookDouble(SealedBook book) : IDisposalBook
    {
        public Action<object, NamedRows>? Ordering { get; init; }

        public Func<Task>? Ordered { get; init; }

        public Action? Ending { get; init; }

        public string Version { get; set; } = "";

        public async Task<long> OrderAsync(ArchiveSegment segment, NamedRows rows, CancellationToken cancellation)
        {
            var order = new
            {
                segment = ArchiveSegment.RowsName(segment.Number), sha256 = segment.Sha256, sessions = rows.Sessions.ToArray(),
                chosen = rows.Chosen, rows = rows.Rows, leaves = rows.Leaves.Digest(), parts = rows.PartsSha256, version = Version, to = "there",
            };
            Ordering?.Invoke(order, rows);
            using var client = Client(book);
            var position = long.Parse(await PostAsync(client, "/v1/disposals", order));
            await (Ordered?.Invoke() ?? Task.CompletedTask);
            return position;
        }

        public async Task EndAsync(
            ArchiveSegment segment, long disposal, string cut, NamedRows rows, CancellationToken cancellation)
        {
            Ending?.Invoke();
            using var client = Client(book);
            await PostAsync(client, $"/v1/disposals/{disposal}/done", new { cut, leaves = Convert.ToBase64String(rows.Leaves.Bytes.Span) });
        }
    }

    private sealed class BrokenOff : Exception;

    /// <summary>Ends a run behind its first part.</summary>
    private sealed class Breaking : IProgress<VerifyProgress>
    {
        public void Report(VerifyProgress value) => throw new BrokenOff();
    }

    /// <summary>Asks for a window behind the first part of a run.</summary>
    private sealed class Asking(HttpClient client) : IProgress<VerifyProgress>
    {
        private bool isAsked;

        public void Report(VerifyProgress value)
        {
            if (!isAsked)
            {
                isAsked = true;
                var window = new { alias = "w-1", task_id = "migrate", agent = "a", scope = new[] { "read_*" }, sources = new[] { "admin" }, reason = "to look", duration = "2h" };
                using var answer = client.PostAsJsonAsync(new Uri("/v1/windows", UriKind.Relative), window).GetAwaiter().GetResult();
                Assert.True(answer.IsSuccessStatusCode, answer.Content.ReadAsStringAsync().GetAwaiter().GetResult());
            }
        }
    }

    /// <summary>What a run says that cut nothing, and why.</summary>
    /// <param name="number">Of the segment from the end on.</param>
    private async Task<string> CutAsync(
        SealedBook book, BookDouble said, ArchiveKeys? aside = null, IProgress<VerifyProgress>? progress = null, int number = 1)
    {
        var rules = Retention.Parse(Rules);
        said.Version = rules.Version;
        var keys = RowKeys.Open(book.PathOf("row.key"), isNewStore: false);
        try
        {
            var run = await Disposal.CutAsync(
                book.Store, Aside, ArchiveSegment.ReadAll(Aside)[^number], await StoreMeta.EntryKeysAsync(book.Store, keys, default), aside, rules,
                DateTimeOffset.UtcNow, said, progress, default);
            Assert.Equal(0, run.Rows);
            return string.Join('\n', run.Stayed);
        }
        catch (StoreException refused)
        {
            return refused.Message;
        }
    }

    private async Task ArchiveAsync(SealedBook book, params string[] more) =>
        (await book.RunAsync(["archive", "--before", "0d", "--to", Aside, "--keys-to", Keys, .. more])).Require(ExitCode.Fine);

    private async Task LiftAsync(SealedBook book)
    {
        var id = (await book.RunAsync("hold")).Require(ExitCode.Fine).OutLines.SelectMany(line => line.Split('\t', ' ')).First(word => word.StartsWith("h-", StringComparison.Ordinal));
        (await As(book, "anna", "hold", "--lift", id, "--reason", "settled")).Require(ExitCode.Fine);
        (await As(book, "carol", "hold", "--lift", id, "--reason", "settled")).Require(ExitCode.Fine);
    }

    private static async Task HaltAsync(SealedBook book)
    {
        const string Halt = "UPDATE {0}log SET halted_reason = 'a trial', halted_at = 1";
        if (!book.Store.StartsWith("sqlite", StringComparison.Ordinal))
        {
            await PostgresServer.ExecuteAsync(book.Store["postgres:".Length..], string.Format(Halt, "audit_log."));
            return;
        }

        await using var connection = new SqliteConnection($"Data Source={book.PathOf("journal-log.db")};Pooling=False");
        await connection.OpenAsync();
        await using var command = new SqliteCommand(string.Format(Halt, ""), connection);
        await command.ExecuteNonQueryAsync();
    }

    private static long Number(SealedBook book, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={book.PathOf("journal.db")};Pooling=False");
        connection.Open();
        using var command = new SqliteCommand(sql, connection);
        return (long)command.ExecuteScalar()!;
    }

    /// <summary>By three persons, at once; waits until a node has carried it out.</summary>
    private async Task EraseAsync(SealedBook book, string session, params string[] more)
    {
        var asked = (await As(book, "anna", ["erase", session, "--source", "host", "--reason", "asked for", .. more])).Require(ExitCode.Fine);
        var id = asked.Out.Split('\t')[0].Trim();
        (await As(book, "bob", "erase", "--confirm", id)).Require(ExitCode.Fine);
        (await As(book, "carol", "erase", "--confirm", id, "--now")).Require(ExitCode.Fine);
        await UntilAsync("it is erased", async () => (await book.RunAsync("erase")).Require(ExitCode.Fine).OutLines
            .Single(one => one.Contains(id, StringComparison.Ordinal)).Contains("erased", StringComparison.Ordinal));
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
    private static Task ForgottenAsync(SealedBook book) => UntilAsync("what was cut is forgotten", async () =>
    {
        // What comes close together is forgotten in one go.
        var acts = await ActsAsync(book);
        return Last(acts, "rows.cut", "position") is > 0 and var end && Last(acts, "rows.keys_ended", "through") >= end
            && Last(acts, "rows.forgotten", "through") >= end;
    });

    private static async Task<string[]> ActsAsync(SealedBook book) =>
        [.. (await book.RunAsync("export", "--format", "ndjson")).Require(ExitCode.Fine).OutLines];

    private static long Last(string[] acts, string act, string number) =>
        acts.Where(line => line.Contains($"\"{act}\"", StringComparison.Ordinal))
            .Select(line => System.Text.RegularExpressions.Regex.Match(line, $"\"{number}\":(\\d+)"))
            .Max(found => found.Success ? long.Parse(found.Groups[1].Value) : (long?)null) ?? 0;

    /// <summary>Each wait is for something, and as long as a crowded machine may need for it.</summary>
    private static async Task UntilAsync(string what, Func<Task<bool>> condition)
    {
        for (var clock = Stopwatch.StartNew(); !await condition(); await Task.Delay(50))
        {
            Assert.True(clock.Elapsed < TimeSpan.FromMinutes(5), $"In five minutes it did not come about that {what}.");
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

    private static Task RequireArchivedAsync(SealedBook book) => UntilAsync(
        "it is said to be in the archive",
        async () => (await book.RunAsync("show", "s-1")).Error.Contains("archived in segment segment-000001", StringComparison.Ordinal));
}
