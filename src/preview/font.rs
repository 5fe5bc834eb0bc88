//! A small bitmap font of our own for printable ASCII: 5 × 7 pixels and one row for descenders.

/// Columns of a glyph.
pub const GLYPH_W: u32 = 5;
/// Rows of a glyph, descender included.
pub const GLYPH_H: u32 = 8;

/// Glyphs from the space on: eight rows from the top, a digit in base 32 each, its highest bit the left column.
const GLYPHS: [&[u8; 8]; 95] = [
    b"00000000",
    b"44444040",
    b"aa000000",
    b"aavavaa0",
    b"4fke5u40",
    b"op248j30",
    b"cik8lid0",
    b"44000000",
    b"24888420",
    b"84222480",
    b"04lel400",
    b"044v4400",
    b"00000c48",
    b"000e0000",
    b"00000cc0",
    b"122488g0",
    b"ehjlphe0",
    b"4c4444e0",
    b"eh1248v0",
    b"v2421he0",
    b"26aiv220",
    b"vgu11he0",
    b"68guhhe0",
    b"v1248880",
    b"ehhehhe0",
    b"ehhf12c0",
    b"0cc0cc00",
    b"0cc0c480",
    b"248g8420",
    b"00v0v000",
    b"84212480",
    b"eh124040",
    b"eh1dlle0",
    b"ehhvhhh0",
    b"uhhuhhu0",
    b"ehggghe0",
    b"sihhhis0",
    b"vgguggv0",
    b"vgguggg0",
    b"ehgnhhf0",
    b"hhhvhhh0",
    b"e44444e0",
    b"72222ic0",
    b"hikokih0",
    b"ggggggv0",
    b"hrllhhh0",
    b"hhpljhh0",
    b"ehhhhhe0",
    b"uhhuggg0",
    b"ehhhlid0",
    b"uhhukih0",
    b"fgge11u0",
    b"v4444440",
    b"hhhhhhe0",
    b"hhhhha40",
    b"hhhllla0",
    b"hha4ahh0",
    b"hhha4440",
    b"v1248gv0",
    b"e88888e0",
    b"g8842210",
    b"e22222e0",
    b"4ah00000",
    b"0000000v",
    b"84000000",
    b"00e1fhf0",
    b"gguhhhu0",
    b"00fgggf0",
    b"11fhhhf0",
    b"00ehvge0",
    b"688s8880",
    b"00fhhf1e",
    b"gguhhhh0",
    b"40c444e0",
    b"206222ic",
    b"ggikoki0",
    b"c44444e0",
    b"00qllll0",
    b"00uhhhh0",
    b"00ehhhe0",
    b"00uhhugg",
    b"00fhhf11",
    b"00mpggg0",
    b"00fge1u0",
    b"88s88860",
    b"00hhhjd0",
    b"00hhha40",
    b"00hhlla0",
    b"00ha4ah0",
    b"00hhhf1e",
    b"00v248v0",
    b"24484420",
    b"44444440",
    b"84424480",
    b"008l2000",
];

/// Whether the pixel `x`, `y` of a glyph is set. Characters that the font lacks show as a filled block.
pub fn is_set(c: char, x: u32, y: u32) -> bool {
    let index = (c as usize).wrapping_sub(usize::from(b' '));
    let Some(glyph) = GLYPHS.get(index) else {
        return x < GLYPH_W && y < GLYPH_H - 1;
    };
    let row = glyph.get(y as usize).copied().unwrap_or(b'0');
    let bits = (row as char).to_digit(32).unwrap_or(0);
    x < GLYPH_W && bits >> (GLYPH_W - 1 - x) & 1 == 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_glyph_is_its_own_and_only_the_space_is_empty() {
        let pictures: BTreeSet<Vec<bool>> = (' '..='~')
            .map(|c| {
                (0..GLYPH_H)
                    .flat_map(|y| (0..GLYPH_W).map(move |x| is_set(c, x, y)))
                    .collect()
            })
            .collect();
        assert_eq!(pictures.len(), 95);
        assert!((' '..='~').all(|c| {
            (c == ' ') != (0..GLYPH_H).any(|y| (0..GLYPH_W).any(|x| is_set(c, x, y)))
        }));
        assert!(
            GLYPHS
                .iter()
                .all(|g| g.iter().all(|b| (*b as char).is_digit(32)))
        );
    }

    #[test]
    fn an_l_is_an_l() {
        assert!((0..7).all(|y| is_set('L', 0, y)));
        assert!((0..5).all(|x| is_set('L', x, 6)));
        assert!(!is_set('L', 1, 0));
        assert!(is_set('é', 2, 3), "unknown characters are a block");
    }
}
