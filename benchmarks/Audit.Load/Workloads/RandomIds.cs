namespace Audit.Load.Workloads;

/// <summary>Ids without any order: ascending ones would flatter every index.</summary>
internal static class RandomIds
{
    private const string Letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

    public static string Uuid(Random random)
    {
        Span<byte> bytes = stackalloc byte[16];
        random.NextBytes(bytes);
        return new Guid(bytes).ToString();
    }

    public static string Call(Random random) => "toolu_" + string.Concat(random.GetItems<char>(Letters, 24));
}
