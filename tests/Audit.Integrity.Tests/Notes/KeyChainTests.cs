namespace Audit.Integrity.Tests.Notes;

public sealed class KeyChainTests
{
    private static readonly Ed25519Signer One = Ed25519Signer.Generate("example.com/log");
    private static readonly Ed25519Signer Two = Ed25519Signer.Generate("example.com/log");
    private static readonly Ed25519Signer Three = Ed25519Signer.Generate("example.com/log");
    private static readonly Ed25519Signer Stranger = Ed25519Signer.Generate("example.com/other");

    [Fact]
    public async Task each_key_is_introduced_by_the_one_before_it()
    {
        var chain = KeyChain.Read(One.Key, [await NoteAsync(1, One, Two, 10), await NoteAsync(2, Two, Three, 20)]);
        Assert.Null(chain.Broken);
        Assert.Equal([One.Key, Two.Key, Three.Key], chain.Keys);
        Assert.Equal(Three.Key, chain.Current);
    }

    [Fact]
    public async Task a_key_out_of_use_signs_nothing_that_is_larger_than_the_log_was_then()
    {
        var chain = KeyChain.Read(One.Key, [await NoteAsync(1, One, Two, 10)]);
        Assert.True(chain.Signed(await CheckpointAsync(10, One)));
        Assert.False(chain.Signed(await CheckpointAsync(11, One)));
        Assert.True(chain.Signed(await CheckpointAsync(11, One, Two)));
        Assert.True(chain.Signed(await CheckpointAsync(5, Two)));
        Assert.False(chain.Signed(await CheckpointAsync(5, Three)));
    }

    [Fact]
    public async Task a_note_that_does_not_follow_ends_the_chain_with_a_sentence()
    {
        var good = await NoteAsync(1, One, Two, 10);
        string[][] broken =
        [
            [await NoteAsync(1, Two, Three, 10)],
            [good, await NoteAsync(2, One, Three, 20)],
            [good, await NoteAsync(2, Two, Three, 9)],
            [good, await NoteAsync(3, Two, Three, 20)],
            [good, await NoteAsync(2, Two, Stranger, 20)],
            [good, "nonsense"],
            [good, (await CheckpointAsync(10, Two)).ToString()],
            [good, Unsigned(await NoteAsync(2, Two, Three, 20), 0)],
            [good, Unsigned(await NoteAsync(2, Two, Three, 20), 1)],
            [good, (await NoteAsync(2, Two, Three, 20)).Replace("why", "because", StringComparison.Ordinal)],
        ];
        foreach (var notes in broken)
        {
            var chain = KeyChain.Read(One.Key, notes);
            Assert.Contains("not accepted", chain.Broken, StringComparison.Ordinal);
            Assert.DoesNotContain(Three.Key, chain.Keys);
            Assert.Equal(notes.Length == 1 ? One.Key : Two.Key, chain.Current);
        }
    }

    private static string Unsigned(string text, int signature)
    {
        var note = SignedNote.Parse(text);
        return (note with { Signatures = [note.Signatures[1 - signature]] }).ToString();
    }

    private static async Task<string> NoteAsync(int number, ILogSigner old, ILogSigner next, long size) =>
        (await new KeyRotation("example.com/log", number, old.Key, next.Key, size, DateTimeOffset.UnixEpoch, "why", "who")
            .SignAsync(old, next, CancellationToken.None)).ToString();

    private static Task<SignedCheckpoint> CheckpointAsync(long size, params ILogSigner[] signers) =>
        SignedCheckpoint.SignAsync(new Checkpoint("example.com/log", size, new byte[32]), signers, CancellationToken.None);
}
