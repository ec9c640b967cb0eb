using System.Globalization;
using System.Text;
using System.Text.Json;
using Audit.Lifecycle.Tests.Support;
using Xunit.Abstractions;

namespace Audit.Lifecycle.Tests.Redaction;

/// <summary>Secrets at places that are drawn by a seed, and what only looks like one.</summary>
public sealed class PlacedSecretTests(ITestOutputHelper output)
{
    private static readonly Redactor Redactor = new(RedactionRules.Default, Say.Hasher);

    /// <summary>Others are tried with `AUDIT_SECRETS_SEED`.</summary>
    private static int First => int.TryParse(
        Environment.GetEnvironmentVariable("AUDIT_SECRETS_SEED"), CultureInfo.InvariantCulture, out var seed) ? seed : 20261122;

    [Fact]
    public void of_200_secrets_at_drawn_places_nothing_can_be_read_whatever_the_seed()
    {
        var shown = new List<string>();
        for (var seed = First; seed < First + 25; seed++)
        {
            output.WriteLine($"seed {seed}");
            foreach (var secret in new PlacedSecrets(seed).Take(200))
            {
                var kept = Encoding.UTF8.GetString(Redactor.Json(Encoding.UTF8.GetBytes(secret.Text)).Json.Span);
                JsonDocument.Parse(kept).Dispose();
                if (PlacedSecrets.Shown(secret, kept) is { } part)
                {
                    shown.Add($"seed {seed}, \"{part}\" of {secret.Kind}: {(kept.Length < 600 ? kept : kept[^600..])}");
                }
            }
        }

        Assert.True(shown.Count == 0, $"{shown.Count} of 5000:\n{string.Join('\n', shown)}");
    }

    [Fact]
    public void of_20000_strings_with_ids_and_hashes_at_most_one_of_a_thousand_is_redacted()
    {
        output.WriteLine($"seed {First}");
        var redacted = new PlacedSecrets(First).Harmless(20_000)
            .Select(text => Redactor.Json(Encoding.UTF8.GetBytes(text)))
            .Where(kept => kept.Mark is not null).Select(kept => Encoding.UTF8.GetString(kept.Json.Span)).ToList();

        Assert.True(redacted.Count <= 20, $"{redacted.Count} of 20000:\n{string.Join('\n', redacted.Take(60).Select(text => text.Length < 600 ? text : text[^600..]))}");
    }
}
