using FsCheck;
using FsCheck.Fluent;

namespace Audit.Projections.Tests.Search;

/// <summary>The one tokenizer.</summary>
public sealed class WordTests
{
    [Theory]
    [InlineData("ALTER TABLE customers", "alter table customers")]
    [InlineData("/etc/passwd", "etc passwd")]
    [InlineData("customer_id = 42", "customer id 42")]
    [InlineData("camelCase HTTPServer XMLHttpRequest2", "camel case camelcase! http server httpserver! xml http request2 xmlhttprequest2!")]
    [InlineData("utf8 3F2504E0 iPhone", "utf8 3f2504e0 i phone iphone!")]
    [InlineData("e\u0301te\u0301 \u0301x", "e\u0301te\u0301 x")]
    [InlineData("ΟΔΥΣΣΕΥΣ Οδυσσευς", "οδυσσευσ οδυσσευσ")]
    [InlineData("删除客户table", "删 除 客 户 table")]
    [InlineData("a😀b 𐐀𐐨", "a b 𐐨𐐨")]
    [InlineData("\ud83d x \ude00", "x")]
    [InlineData("…!\"'*", "")]
    public void texts_are_cut_into_words(string text, string words) => Assert.Equal(words, string.Join(' ', WordsOf(text).Select(word => word.Word)));

    [Theory]
    [InlineData("/etc/*", "etc")]
    [InlineData("/etc/pass*", "etc")]
    [InlineData("*customers*", "")]
    [InlineData("* customers *", "customers")]
    [InlineData("fooBar*", "foo")]
    [InlineData("a?c d", "d")]
    public void of_a_glob_only_words_that_touch_no_wildcard_are_certain(string glob, string words) =>
        Assert.Equal(words, string.Join(' ', WordSequences.CertainOf(glob).Select(Assert.Single)));

    [Fact]
    public void words_are_folded_pieces_of_the_text_in_order_and_bounded() => Law.HoldsAnew(
        Prop.ForAll(Any, text =>
        {
            var end = 0;
            foreach (var (word, start, length) in WordsOf(text).Where(one => !one.Word.EndsWith('!')))
            {
                Assert.True(start >= end && length > 0 && word.Length is > 0 and <= WordReader.LongestWord);
                Assert.True(word.EnumerateRunes().All(rune => rune.Value == 'İ' || System.Text.Rune.ToLowerInvariant(rune) == rune));
                end = start + length;
            }
        }), runs: 500);

    [Fact]
    public void a_folded_word_stays_and_means_the_same_in_capitals() => Law.HoldsAnew(
        Prop.ForAll(Any, text =>
        {
            foreach (var (word, _, _) in WordsOf(text).Where(one => !one.Word.EndsWith('!')))
            {
                Assert.Equal(word, Folded(word));
                Assert.Equal(word, Folded(word.ToUpperInvariant()));
            }
        }), runs: 500);

    [Fact]
    public void texts_side_by_side_have_the_words_of_both() => Law.HoldsAnew(
        Prop.ForAll(Any, Any, (one, other) =>
            Assert.Equal(WordsOf(one).Concat(WordsOf(other)).Select(word => word.Word), WordsOf($"{one} {other}").Select(word => word.Word))), runs: 500);

    [Fact]
    public void a_range_of_times_is_covered_by_its_marks_and_by_few_of_them() => Law.HoldsAnew(
        Prop.ForAll(
            Gen.Choose(0, 500_000).ToArbitrary(), Gen.Choose(0, 500_000).ToArbitrary(), Gen.Choose(0, 500_000).ToArbitrary(),
            (from, length, within) =>
            {
                DateTime At(int hours) => new DateTime(1995, 1, 1).AddHours(hours).AddMinutes(hours % 60);
                long NumberOf(DateTime time) => Instants.ToNumber(new Lifecycle.Time.Timestamp(time.Ticks, 0));
                var range = new TimeRange(NumberOf(At(from)), NumberOf(At(from + length)));
                var marks = TimeMarks.Covering(range).Select(Assert.Single).ToHashSet();
                var at = At(from + (length == 0 ? 0 : within % length));
                var clamped = Marks.Clamp(at);
                string[] known = [Marks.Year(clamped.Year), Marks.Month(clamped), Marks.Day(clamped), Marks.Hour(clamped)];

                Assert.True(marks.Count < 240);
                Assert.True(!range.Holds(NumberOf(at)) || known.Any(marks.Contains));
            }), runs: 500);

    private static Arbitrary<string> Any { get; } = Gen.Frequency(
            (6, Gen.Elements("a", "Q", "7", "_", " ", "é", "e\u0301", "Σ", "ς", "日", "😀", "𐐀", "ß", "İ", "ǅ", "\ud800")),
            (1, ArbMap.Default.GeneratorFor<char>().Select(letter => letter.ToString())),
            (1, Gen.Choose(60, 70).Select(count => new string('w', count))))
        .ListOf().Select(pieces => string.Concat(pieces)).ToArbitrary();

    /// <summary>The words of a text; a run as a whole, after its parts, ends with a sign.</summary>
    private static List<(string Word, int Start, int Length)> WordsOf(string text)
    {
        var words = new List<(string, int, int)>();
        var reader = new WordReader(text);
        while (reader.Next())
        {
            var word = Folded(reader.Word);
            words.Add((reader.IsWhole ? word + "!" : word, reader.Start, reader.Length));
        }

        return words;
    }

    private static string Folded(ReadOnlySpan<char> word)
    {
        Span<char> folded = stackalloc char[WordReader.LongestWord];
        return folded[..Letters.Fold(word, folded)].ToString();
    }
}
