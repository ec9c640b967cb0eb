using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Audit.Integrity.Merkle;
using Audit.Integrity.Witnesses;
using Audit.Node.Tests.Log;
using Audit.Node.Tests.Support;

namespace Audit.Node.Tests.Trust;

/// <summary>
/// A witness that nobody here wrote: its program is named by AUDIT_FOREIGN_WITNESS, is given an address, the log's verifier
/// key and a file for what it saw, and prints its verifier key and its address, a line each.
/// </summary>
public sealed class ForeignWitnessFactAttribute : FactAttribute
{
    public const string Variable = "AUDIT_FOREIGN_WITNESS";

    public ForeignWitnessFactAttribute() =>
        Skip = File.Exists(Program) ? null : $"no foreign witness: {Variable} names no program";

    public static string? Program => Environment.GetEnvironmentVariable(Variable);
}

public sealed class WitnessTests : IDisposable
{
    private const string Origin = "example.com/log";

    private readonly TemporaryDirectory directory = new();

    public void Dispose() => directory.Dispose();

    [ForeignWitnessFact]
    public async Task a_witness_that_nobody_here_wrote_cosigns_refuses_a_fork_and_catches_up()
    {
        var signer = await new KeyFile(directory.File("log.key")).CreateAsync(Origin);
        var begun = await SignAsync(signer, 0, TreeHash.Empty);
        var (address, witness) = Start(0, signer.Key);
        using var program = new ProgramThatIsKilled(witness);
        await using var node = await TestNode.StartAsync(change: options => With(options, address, begun));
        for (var call = 0; call < 20; call++)
        {
            await RecordSealedAsync(node, $"c-{call}");
            await WitnessedAsync(node, address.Key, (await new LogClient(node).CheckpointAsync()).Checkpoint.Size);
        }

        // The node's own key signs another history of the size after the last: it is refused.
        var last = (await new LogClient(node).CheckpointAsync()).Checkpoint;
        var fork = await SignedCheckpoint.SignAsync(
            new Checkpoint(Origin, last.Size + 1, TreeHash.Leaf("fork"u8)), signer, CancellationToken.None);
        using var http = new HttpClient();
        using var body = new StringContent($"old {last.Size}\n\n{fork}");
        using var refused = await http.PostAsync(new Uri(address.Url, "add-checkpoint"), body);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused.StatusCode);

        // Sealing and serving never wait for it; when it is back, it is given what it missed.
        program.Kill();
        await RecordSealedAsync(node, "while-it-is-away");
        var newest = (await new LogClient(node).CheckpointAsync()).Checkpoint.Size;
        Assert.True(Witnessed(await node.GetAsync("/checkpoint/witnessed")).Checkpoint.Size < newest);
        var (again, back) = Start(address.Url.Port, signer.Key);
        using var second = new ProgramThatIsKilled(back);
        Assert.Equal(address.Key, again.Key);
        await WitnessedAsync(node, address.Key, newest);
        var verdict = await OwnVerification.RunAsync(node, trust => trust with { Witnesses = [address.Key] });
        Assert.Empty(verdict.Integrity.Faults);
    }

    [Fact]
    public async Task our_witness_cosigns_what_continues_and_refuses_everything_else()
    {
        var log = Ed25519Signer.Generate(Origin);
        var cosigner = Ed25519Signer.Generate("witness.example").AsCosigner();
        var witness = new Witness(cosigner, [log.Key], directory.File("seen"), TimeProvider.System);
        var leaves = Enumerable.Range(0, 7).Select(leaf => Encoding.UTF8.GetBytes($"entry {leaf}")).ToList();
        var two = await SignAsync(log, 2, LogClient.RootOf([.. leaves.Take(2)]));
        var reply = await AddAsync(witness, 0, two);
        Assert.Equal(200, reply.Status);
        Assert.NotNull(cosigner.Key.SeenAt(SignedCheckpoint.Parse(two.Note + reply.Text)));

        Assert.Equal((409, "2\n"), Of(await AddAsync(witness, 0, two)));
        Assert.Equal(200, (await AddAsync(witness, 2, two)).Status);
        Assert.Equal(409, (await AddAsync(witness, 2, await SignAsync(log, 2, TreeHash.Leaf("x"u8)))).Status);
        Assert.Equal(422, (await AddAsync(witness, 2, await SignAsync(log, 3, TreeHash.Leaf("x"u8)))).Status);
        Assert.Equal(400, (await AddAsync(witness, 4, two)).Status);
        Assert.Equal(403, (await AddAsync(witness, 2, await SignAsync(Ed25519Signer.Generate(Origin), 2, two.Checkpoint.Root))).Status);
        Assert.Equal(404, (await AddAsync(witness, 2, await SignAsync(Ed25519Signer.Generate("other"), 2, two.Checkpoint.Root))).Status);
        foreach (var nonsense in (string[])["", "old\n\n" + two, "old 2", "old 2\nno hash\n\n" + two, "old 2\n\nnothing"])
        {
            Assert.Equal(400, (await witness.AddAsync(nonsense, CancellationToken.None)).Status);
        }

        // What it saw outlives it.
        var again = new Witness(cosigner, [log.Key], directory.File("seen"), TimeProvider.System);
        Assert.Equal((409, "2\n"), Of(await AddAsync(again, 0, two)));
        var three = await SignAsync(log, 3, LogClient.RootOf([.. leaves.Take(3)]));
        Assert.Equal(200, (await again.AddAsync($"old 2\n{Convert.ToBase64String(TreeHash.Leaf(leaves[2]))}\n\n{three}", CancellationToken.None)).Status);
    }

    [Fact]
    public async Task a_checkpoint_that_is_kept_elsewhere_vouches_for_the_store_when_the_node_forgot_it()
    {
        var kept = directory.File("kept.checkpoints");
        await using var node = await TestNode.StartAsync(change: options => options with { LogOrigin = Origin, CheckpointTo = kept });
        await RecordSealedAsync(node, "c-1");
        await Patience.UntilAsync(() => Task.FromResult(File.Exists(kept) && File.ReadAllText(kept).Contains(Origin)), "it is kept");
        await node.StopAsync();
        File.Delete(node.Options.CheckpointFile);
        await node.StartAgainAsync();
        await RecordSealedAsync(node, "c-2");
    }

    [Fact]
    public async Task a_quorum_of_witnesses_vouches_for_the_store_when_the_node_forgot_it_and_fewer_do_not()
    {
        var signer = await new KeyFile(directory.File("log.key")).CreateAsync(Origin);
        var begun = await SignAsync(signer, 0, TreeHash.Empty);
        var isAway = false;
        var (one, two) = (Make("one.example", signer.Key), Make("two.example", signer.Key));
        using var first = new ListeningPlace(body => AnswerAsync(one.Witness, body));
        using var second = new ListeningPlace(body => isAway ? Task.FromResult((503, "")) : AnswerAsync(two.Witness, body));
        await using var node = await TestNode.StartAsync(change: options => With(options, new WitnessAddress(first.Url, one.Key), begun) with
        {
            Witnesses = [new WitnessAddress(first.Url, one.Key), new WitnessAddress(second.Url, two.Key)],
            WitnessQuorum = 2,
        });
        await RecordSealedAsync(node, "c-1");
        await node.StopAsync();
        await node.StartAgainAsync();
        await WitnessedAsync(node, one.Key, (await new LogClient(node).CheckpointAsync()).Checkpoint.Size);

        await node.StopAsync();
        File.Delete(node.Options.CheckpointFile);
        isAway = true;
        await node.StartAgainAsync();
        await Patience.UntilAsync(
            async () => (await node.GetAsync("/health/ready")).Json.GetProperty("sealing").Text("status") == "no_memory", "nobody vouches");
        isAway = false;
        await RecordSealedAsync(node, "c-2");
    }

    [Fact]
    public async Task checkpoints_go_to_an_address_too_and_one_that_fails_keeps_nothing_from_being_sealed()
    {
        var kept = new System.Collections.Concurrent.ConcurrentQueue<string>();
        using var place = new ListeningPlace(body =>
        {
            kept.Enqueue(body);
            return Task.FromResult((kept.Count == 1 ? 500 : 200, ""));
        });
        await using var node = await TestNode.StartAsync(
            change: options => options with { LogOrigin = Origin, CheckpointTo = place.Url.ToString() });
        await RecordSealedAsync(node, "c-1");
        await Patience.UntilAsync(() => Task.FromResult(kept.Count >= 2), "what was refused is sent again");
        await RecordSealedAsync(node, "c-2");
        var newest = (await new LogClient(node).CheckpointAsync()).Checkpoint;
        await Patience.UntilAsync(() => Task.FromResult(SignedCheckpoint.Parse(kept.Last()).Checkpoint.Size >= newest.Size), "the newest is kept");
        Assert.True(SignedCheckpoint.Parse(kept.Last()).IsSignedBy(await new LogClient(node).KeyAsync()));
    }

    private (Witness Witness, WitnessKey Key) Make(string name, VerifierKey log)
    {
        var cosigner = Ed25519Signer.Generate(name).AsCosigner();
        return (new Witness(cosigner, [log], directory.File(name), TimeProvider.System), cosigner.Key);
    }

    private static async Task<(int Status, string Text)> AnswerAsync(Witness witness, string body) =>
        Of(await witness.AddAsync(body, CancellationToken.None));

    // The key was made before the node, so its memory of the empty log was too.
    private NodeOptions With(NodeOptions options, WitnessAddress address, SignedCheckpoint begun)
    {
        OwnerOnly.MakeDirectory(options.Data);
        File.WriteAllText(options.CheckpointFile, begun.ToString());
        return options with { LogKey = directory.File("log.key"), Witnesses = [address], WitnessQuorum = 1 };
    }

    private (WitnessAddress Address, Process Program) Start(int port, VerifierKey log)
    {
        var start = new ProcessStartInfo(ForeignWitnessFactAttribute.Program!, [$"127.0.0.1:{port}", log.ToString(), directory.File("foreign.seen")])
        {
            RedirectStandardOutput = true,
        };
        var program = Process.Start(start)!;
        var (key, url) = (program.StandardOutput.ReadLine()!, program.StandardOutput.ReadLine()!);
        return (WitnessAddress.Parse($"{url}|{key}"), program);
    }

    private static async Task WitnessedAsync(TestNode node, WitnessKey key, long size)
    {
        try
        {
            await Patience.UntilAsync(
                async () => await node.GetAsync("/checkpoint/witnessed") is { Status: 200 } answer && Witnessed(answer) is var found
                    && found.Checkpoint.Size >= size && key.SeenAt(found) is not null,
                $"{size} entries are cosigned");
        }
        catch (Exception late) when (late is not OperationCanceledException)
        {
            throw new InvalidOperationException(
                $"{late.Message} {(await node.GetAsync("/health/sealing")).Text} {(await node.GetAsync("/checkpoint")).Text}", late);
        }
    }

    private static SignedCheckpoint Witnessed(Answer answer) => SignedCheckpoint.Parse(answer.Require(200).Bytes);

    private static async Task RecordSealedAsync(TestNode node, string call)
    {
        // A receipt waits for its seal for some time only; who asks again goes on waiting.
        await Patience.UntilAsync(
            async () => await node.PostAsync("/v1/records?wait=sealed", Records.Item("s-1", call, Records.Completed()))
                is { Status: 200 or 201 } answer && answer.Json.GetProperty("sealed").GetBoolean(),
            $"{call} is sealed");
    }

    private static Task<SignedCheckpoint> SignAsync(ILogSigner signer, long size, byte[] root) =>
        SignedCheckpoint.SignAsync(new Checkpoint(signer.Key.Name, size, root), signer, CancellationToken.None);

    private static Task<WitnessReply> AddAsync(Witness witness, long old, SignedCheckpoint checkpoint) =>
        witness.AddAsync($"old {old}\n\n{checkpoint}", CancellationToken.None);

    private static (int Status, string Text) Of(WitnessReply reply) => (reply.Status, reply.Text);

    private sealed class ProgramThatIsKilled(Process program) : IDisposable
    {
        public void Kill()
        {
            program.Kill();
            program.WaitForExit();
        }

        public void Dispose()
        {
            if (!program.HasExited)
            {
                Kill();
            }

            program.Dispose();
        }
    }
}
