namespace Audit.Node.Tests.Support;

/// <summary>Verifies a node's store with what lies beside the node, as `audit verify` does on its machine.</summary>
internal static class OwnVerification
{
    public static async Task<VerificationResult> RunAsync(TestNode node, Func<VerifyOptions, VerifyOptions>? change = null)
    {
        var trust = new VerifyOptions
        {
            KeyFile = node.Options.LogKeyFile,
            CheckpointFile = node.Options.CheckpointFile,
            Entries = await StoreMeta.EntryKeysAsync(
                node.Options.Store, node.Options.OpenRowKeys(isNewStore: false), CancellationToken.None),
        };
        return await LogVerifier.VerifyStoreAsync(node.Options.Store, change?.Invoke(trust) ?? trust, null, CancellationToken.None);
    }
}
